"""A real browser opens JupyterLab by its token and steps through notebooks with Shift+Enter."""

import json
import os
import re
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import servers
from utils.engine.paths import LABS

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

PATIENCE_MS = 300_000  # for one thing to happen, on a machine that may be busy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="needs Chromium: apt-get install chromium"
    ),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the course, so that a run does not change the stored notebooks."""
    home = tmp_path_factory.mktemp("home")
    course = home / "course"
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, course / name)
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(
        json.dumps({"windowingMode": "none"}), encoding="utf-8"
    )
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        "JUPYTER_TOKEN": token,
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "BOOTCAMP_CACHE": str(home / "cache"),
        "BOOTCAMP_DATA": os.environ.get("BOOTCAMP_DATA", str(ROOT / "data" / "cache" / "downloads")),
    }
    with servers.running(course, environment, home / "server.log") as (address, _):
        yield address, token, course


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "Chromium is missing; in CI it is installed by .ci/run"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def test_there_is_no_open_door(lab):
    address, _, _ = lab
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/api/contents", timeout=60)
    assert refused.value.code == 403
    page = urllib.request.urlopen(f"{address}/tensorboard/", timeout=60)
    assert "/login" in page.url, "TensorBoard must ask for the token too"


def test_tensorboard_opens_behind_the_token(lab):
    address, token, _ = lab
    page = urllib.request.urlopen(f"{address}/tensorboard/?token={token}", timeout=300).read().decode()
    assert "<title>TensorBoard</title>" in page


@pytest.mark.parametrize(
    "name",
    [
        "Start_Here.ipynb",
        "Intro_to_DL/01_Learning_as_Curve_Fitting.ipynb",
        "Tropical_Cyclone/01_The_Problem.ipynb",
    ],
    ids=["Start_Here", "Lab 1", "Lab 2"],
)
def test_shift_enter_to_the_end(lab, browser, name):
    address, token, course = lab
    foreign = []

    def gate(route):
        if urlparse(route.request.url).hostname in ("127.0.0.1", "localhost", None):
            return route.continue_()
        foreign.append(route.request.url)
        return route.abort()

    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE_MS)
    page.route(re.compile("^https?://"), gate)
    page.goto(f"{address}/lab/tree/{name}?token={token}&reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    # The circle in the toolbar is idle before there is a kernel; what is run then is dropped, or a dialog asks.
    page.wait_for_selector('#jp-main-statusbar:has-text("Python 3 (ipykernel) | Idle")')

    cells = page.locator(".jp-Notebook .jp-Cell")
    number = len(nbformat.read(ROOT / name, 4).cells)
    page.wait_for_function(f"document.querySelectorAll('.jp-Notebook .jp-Cell').length === {number}")
    for _ in range(60):  # while JupyterLab is still arranging the page, a click can be lost
        cells.first.locator(".jp-InputPrompt").click()
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
        if "jp-mod-active" in (cells.first.get_attribute("class") or ""):
            break
    for position in range(number):
        step(page, position)
    page.wait_for_function(
        """() => document.querySelector('.jp-Notebook').textContent.includes('Traceback (most recent call last)')
            || [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].every(
            cell => (cell.querySelector('.jp-InputPlaceholder') && cell.querySelector('.jp-OutputArea-child'))
                 || !cell.querySelector('.jp-CodeMirrorEditor, .cm-content')?.textContent.trim()
                 || /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent))"""
    )
    results_in_axe(page)
    for _ in range(60):  # a folded cell shows no number, and its first output may come long before its end
        with page.expect_response(lambda r: r.request.method == "PUT" and "/api/contents/" in r.url):
            page.keyboard.press("Control+s")
        saved = nbformat.read(course / name, as_version=4)
        code = [cell for cell in saved.cells if cell.cell_type == "code" and cell.source.strip()]
        if all(cell.execution_count for cell in code):
            break
        page.wait_for_timeout(1000)
    if os.environ.get("BOOTCAMP_SCREENSHOTS"):
        page.screenshot(path=Path(os.environ["BOOTCAMP_SCREENSHOTS"]) / f"{Path(name).stem}.png")
    errors = [o for cell in code for o in cell.outputs if o.output_type == "error"]
    assert not errors, errors
    assert all(cell.execution_count for cell in code)
    assert not foreign, f"requests to other hosts: {foreign[:3]}"
    page.close()


def test_what_is_run_before_there_is_a_kernel_waits_for_it(lab, browser):
    """JupyterLab drops it: the set-up was lost, and every later cell met a NameError. Here the kernel is held back."""
    address, token, _ = lab
    name, presses = "CFD_Steady_Flow/01_Flow_by_Particles.ipynb", 6
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE_MS)
    held, later = [], []

    def hold(route):
        if route.request.method == "POST" and not later:
            return held.append(route)
        return route.continue_()

    page.route("**/api/sessions*", hold)
    with page.expect_request(lambda request: request.method == "POST" and "/api/sessions" in request.url):
        page.goto(f"{address}/lab/tree/{name}?token={token}&reset", wait_until="domcontentloaded")
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.first.click()
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelector('.jp-Notebook .jp-Cell').matches('.jp-mod-active')")
    for _ in range(presses):
        page.keyboard.press("Shift+Enter")
    code = [c.source for c in nbformat.read(ROOT / name, 4).cells[:presses] if c.cell_type == "code"]
    prompts = (
        "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')].map(p => p.textContent)"
    )
    page.wait_for_function(f"{prompts}.slice(0, {len(code)}).every(text => text === '[*]:')")
    assert held, "the kernel came before the cells were run"
    later.append(True)
    for route in held:
        route.continue_()
    wanted = [f"[{number}]:" for number in range(1, len(code) + 1)]
    page.wait_for_function(
        f"JSON.stringify({prompts}.slice(0, {len(code)})) === '{json.dumps(wanted, separators=(',', ':'))}'"
    )
    assert not page.locator(".jp-Notebook :text('Traceback')").count()
    shown = page.locator(".jp-DirListing-itemText").all_inner_texts()
    assert "tests" not in shown, "the file browser shows what is for learners"
    page.close()


ONE_OF_EVERYTHING = [
    new_markdown_cell(
        "# Keys\n\nText, a [link](Start_Here.ipynb), `code`.\n\n"
        '<div class="alert alert-info" style="background-color:#E3F2F8;color:#0F2A33"><b>A box.</b> Text.</div>'
    ),
    new_code_cell(
        "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\n\nfrom utils import viz\n"
        "from utils.exercises import DEMO\nDEMO.check('start-a', 1)\nDEMO.quiz('start-q')\n"
        "viz.table(pd.DataFrame({'error (kt)': [1.2, 2.3]}), 'A caption.', '{:.1f}', {'error (kt)': 'min'})"
    ),
    new_code_cell("answer = None"),
    new_code_cell("answer = DEMO.check('start-a', answer)"),
    new_markdown_cell("<details><summary>Hint 1</summary>\n\nIt holds $\\pi$ and a `word`.\n\n</details>"),
    new_code_cell(
        "def draw(order):\n    viz.show(plt.figure(figsize=(2, 1)), f'Order {order}.', f'Order {order}.')\n"
        "viz.interact(draw, order=(0, 8))"
    ),
    new_code_cell(
        "frames = [plt.subplots(figsize=(2, 2))[0] for _ in range(3)]\nfor number, frame in enumerate(frames):\n"
        "    frame.axes[0].plot([0, number])\nviz.animate(frames, 'It turns.', 'A line that turns.')"
    ),
]


def tab_to(page, what: str) -> None:
    """Press Tab until what has the focus is ``what``, a selector, as somebody without a mouse does."""
    for _ in range(15):
        page.keyboard.press("Tab")
        page.wait_for_timeout(100)
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"Tab does not reach {what}")


def test_without_a_mouse(lab, browser):
    """From opening the course to a solved exercise, a hint, a control, an animation and a lab's folder; in both themes."""
    address, token, course = lab
    language = {
        "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    }
    nbformat.write(new_notebook(cells=ONE_OF_EVERYTHING, metadata=language), course / "keys.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/lab/tree/keys.ipynb?token={token}&reset", wait_until="domcontentloaded")
    page.wait_for_selector('#jp-main-statusbar:has-text("Python 3 (ipykernel) | Idle")')
    page.wait_for_function("document.activeElement.matches('.jp-Notebook .jp-Cell')")
    cells, press = page.locator(".jp-Notebook .jp-Cell"), page.keyboard.press

    def active(position: int) -> None:
        page.wait_for_function(
            "n => document.querySelectorAll('.jp-Notebook .jp-Cell')[n].matches('.jp-mod-active')",
            arg=position,
        )

    press("Shift+Enter")
    active(1)
    press("Shift+Enter")
    active(2)
    press("Enter")
    press("Control+a")
    page.keyboard.type("answer = 4 * np.pi")
    press("Shift+Enter")
    press("Shift+Enter")
    active(4)
    cells.nth(3).get_by_text("PASS").wait_for()
    tab_to(page, "summary")
    press("Enter")
    assert cells.nth(4).locator("details p").is_visible()
    press("Escape")
    for position in (5, 6, 7):
        press("Shift+Enter")
        active(position)
    still, moving = (
        cells.nth(6).get_by_alt_text("A line that turns."),
        cells.nth(6).get_by_alt_text("The same, moving."),
    )
    still.wait_for()
    assert not moving.is_visible()
    press("Escape")
    press("ArrowUp")
    active(6)
    press("ArrowUp")
    active(5)
    cells.nth(5).get_by_alt_text("Order 4.").wait_for()
    tab_to(page, "[role=slider]")
    press("ArrowRight")
    cells.nth(5).get_by_alt_text("Order 5.").wait_for()
    tab_to(page, "summary")
    press("Enter")
    moving.wait_for()
    assert moving.bounding_box() == still.bounding_box(), "it covers the still"
    press("Enter")
    assert not moving.is_visible()

    page.evaluate("document.querySelectorAll('.jp-Notebook details').forEach(fold => fold.open = true)")
    results_in_axe(page)
    press("Control+Shift+c")
    page.keyboard.type("Theme: JupyterLab Dark")
    press("Enter")
    page.wait_for_function("document.body.dataset.jpThemeName === 'JupyterLab Dark'")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor === 'rgb(17, 17, 17)'"
    )
    assert (
        page.evaluate("getComputedStyle(document.querySelector('figure img')).filter") == "brightness(0.85)"
    )
    results_in_axe(page)
    if os.environ.get("BOOTCAMP_SCREENSHOTS"):
        page.screenshot(path=Path(os.environ["BOOTCAMP_SCREENSHOTS"]) / "keys.png")

    names = page.locator(".jp-DirListing-itemText")
    labs = [f"Lab {number}: {lab}" for number, lab in enumerate(LABS, 1)]
    assert names.all_inner_texts()[: len(labs)] == labs
    assert all(
        text.evaluate("text => text.scrollWidth <= text.clientWidth") for text in names.all()[: len(labs)]
    )
    shown = names.all_inner_texts()
    names.first.focus()
    for _ in shown:
        press("ArrowUp")
    walked = [page.evaluate("document.activeElement.textContent")]
    for _ in shown[1:]:
        press("ArrowDown")
        walked.append(page.evaluate("document.activeElement.textContent"))
    assert walked == shown, "the keys walk in the order that is seen"
    for _ in shown[2:]:
        press("ArrowUp")
    press("Enter")
    page.wait_for_function(
        "document.querySelector('.jp-BreadCrumbs').textContent.includes('Lab 2: Tropical_Cyclone')"
    )
    names.get_by_text("01_The_Problem.ipynb").wait_for()
    assert "keys.ipynb" in page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel").all_inner_texts()
    page.close()


def step(page, position: int) -> None:
    """Press Shift+Enter on a cell and see, as a reader would, that a code cell starts to run."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(position)
    for _ in range(10):  # JupyterLab drops what is run while the kernel is still connecting
        assert not (dialog := page.locator(".jp-Dialog")).count(), dialog.first.inner_text()
        if "jp-mod-active" not in (cell.get_attribute("class") or ""):
            cell.locator(".jp-InputPrompt").click()
            page.keyboard.press("Escape")
        page.keyboard.press("Shift+Enter")
        if "jp-CodeCell" not in (cell.get_attribute("class") or ""):
            return
        if cell.locator(".jp-InputPlaceholder").count():  # folded, so that it shows no number
            return
        for _ in range(20):
            if re.search(r"\[(\*|\d+)\]", cell.locator(".jp-InputPrompt").inner_text()):
                return
            page.wait_for_timeout(250)
    raise AssertionError(f"cell {position} does not start to run")


def results_in_axe(page) -> None:
    """The notebook's own content passes the accessibility rules of axe-core (WCAG 2.1 A and AA)."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    report = Axe().run(page, context=".jp-RenderedHTMLCommon, .jp-RenderedHTML", options=rules)
    problems = [
        f"{item['id']}: {item['help']} ({item['nodes'][0]['html'][:160]})"
        for item in report.response["violations"]
    ]
    assert not problems, "\n".join(problems)
