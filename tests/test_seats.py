"""Many seats on one machine: what each needs, a rehearsal, one folder of data for all, and a board that all see."""

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import KernelManager

from utils.engine import board, competition, paths, rehearse, runner, usage
from utils.engine import score as command

ROOT = Path(__file__).resolve().parents[1]


def notebook(path: Path, *cells: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    first = "# Start\n\nA promise.\n\n| <!-- minutes -->9.9 min on a laptop (2 cores)<!-- /minutes --> |"
    code = map(nbformat.v4.new_code_cell, cells)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(first), *code]), path)


# --- what a seat needs --------------------------------------------------------------------


def test_a_node_bears_as_many_seats_as_memory_and_cores_allow():
    assert usage.seats_of_a_node(64, 16, peak_gb=3.5) == 15
    assert usage.seats_of_a_node(64, 8, peak_gb=3.5) == 8
    assert usage.seats_of_a_node(2, 8, peak_gb=3.5) == 0
    assert usage.seats_of_a_gpu(80) == 5


def test_a_process_and_its_children_count():
    code = (
        "import sys; block = bytearray(int(sys.argv[1]) << 20); print('ready', flush=True); sys.stdin.read()"
    )
    small, large = (
        subprocess.Popen([sys.executable, "-c", code, size], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for size in ("1", "120")
    )
    for process in (small, large):
        assert process.stdout.readline() == b"ready\n"
    peaks = [usage.of_tree(process.pid)["peak_mb"] for process in (small, large)]
    together = usage.of_tree(os.getpid())["peak_mb"]
    for process in (small, large):
        process.communicate()
    assert 100 < peaks[1] - peaks[0] < 140
    assert together > sum(peaks)
    assert usage.larger({"peak_mb": 2.0, "start": 1.0}, {"peak_mb": 1.0}) == {"peak_mb": 2.0, "start": 1.0}
    assert usage.of_tree(small.pid)["peak_mb"] == 0  # it has ended


def test_the_guide_gets_what_was_measured_and_keeps_the_rest(own_cache, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "LABS", ("Lab",))
    monkeypatch.setattr(runner, "PICTURES", {})
    notebook(tmp_path / "Start_Here.ipynb", "1")
    notebook(tmp_path / "Lab" / "01_A.ipynb", "print(sum(range(10)))")
    (tmp_path / "README.md").write_text("", encoding="utf-8")
    guide = tmp_path / "docs" / "instructor_guide.md"
    guide.parent.mkdir()
    kept = "| `Start_Here.ipynb` | 3.50 | 0.1 | 1.0 | 9 |"
    guide.write_text(f"before\n<!-- seats -->\n{kept}\n<!-- /seats -->\nafter\n", encoding="utf-8")
    assert runner.run([str(tmp_path / "Lab" / "01_A.ipynb")]) == 0  # measures it
    assert runner.main(["results", "--update"]) == 0
    text = guide.read_text(encoding="utf-8")
    assert kept in text
    measured = re.search(r"\| `Lab/01_A.ipynb` \| (\d+\.\d\d) \|", text)
    assert 0.02 < float(measured[1]) < 1
    assert "from the largest peak here (3.50 GB)" in text
    assert "| 64 GB, 16 cores | 15 |" in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")


# --- the rehearsal ------------------------------------------------------------------------


def test_a_rehearsal_tells_starts_memory_failures_and_harm(tmp_path):
    """Seat 2 breaks down and writes to what all share; seat 1 does not notice."""
    course = tmp_path / "course"
    course.mkdir()
    shutil.copytree(ROOT / "utils", course / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", course / "data", ignore=shutil.ignore_patterns("cache"))
    harm = "import os, pathlib; second = os.environ['BOOTCAMP_CACHE'].endswith('seat-2')"
    spoil = "second and pathlib.Path(os.environ['BOOTCAMP_DATA'], 'mnist.npz').write_text('spoilt')"
    notebook(course / "Lab" / "01_A.ipynb", harm, spoil, "1 / (not second)")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "mnist.npz").write_text("good", encoding="utf-8")
    environment = os.environ | {"BOOTCAMP_DATA": str(shared), "BOOTCAMP_CACHE": str(tmp_path / "cache")}
    environment.pop("SLURM_JOB_NUM_NODES", None)
    done = subprocess.run(
        [sys.executable, "-m", "utils.engine.rehearse", "--seats", "2", "Lab/01_A.ipynb"],
        cwd=course, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "2 seats of Lab/01_A.ipynb at once" in done.stdout
    assert "1 reached the end, 1 failed." in done.stdout
    assert re.search(r"Slowest start of a kernel: \d+\.\d s \(seat 1\)", done.stdout)
    assert re.search(r"Peak memory: 0\.\d\d GB in the largest kernel", done.stdout)
    assert "Seat 2 failed. Lab/01_A.ipynb: ZeroDivisionError: division by zero" in done.stdout
    assert "The shared data was CHANGED: mnist.npz." in done.stdout
    homes = list((tmp_path / "cache").glob("rehearsal-*"))
    assert f"{homes[0]}/seat-*" in done.stderr
    for folder in (homes[0], homes[0] / "seat-1", homes[0] / "seat-2"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_report_says_when_memory_does_not_suffice_and_what_killed_a_seat(tmp_path):
    seats = [rehearse.Seat(1, 2.0, 9.0, 3072.0, ""), rehearse.Seat(2, 5.0, 8.0, 1024.0, "")]
    assert "That is more than was free" in "\n".join(rehearse.report("x", seats, [], free_gb=4.0))
    assert "That is more" not in "\n".join(rehearse.report("x", seats, [], free_gb=5.0))
    assert "at most 4.0 GB" in "\n".join(rehearse.report("x", seats, [], free_gb=5.0))
    (tmp_path / "said").write_text("x ...\n", encoding="utf-8")
    assert "ended by signal 9; out of memory" in rehearse._seat(3, tmp_path, -9).failure
    assert "no word" in rehearse._seat(3, tmp_path, 1).failure


@pytest.mark.parametrize("arguments", [["--seats", "0"], ["--seats", "many"], ["Start_Here.ipynb"]])
def test_a_rehearsal_without_a_number_of_seats_is_refused(arguments):
    with pytest.raises(SystemExit):
        rehearse.main(arguments)


def test_a_rehearsal_of_something_else_is_refused(capsys):
    assert rehearse.main(["--seats", "2", "../../etc/passwd"]) == 2
    assert "is not a notebook of the course" in capsys.readouterr().err


def test_an_allocation_of_several_nodes_gets_the_seats_in_turn(monkeypatch):
    monkeypatch.setattr(rehearse.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "3")
    assert [rehearse._on_a_node(number)[4] for number in (1, 2, 3, 4)] == [
        f"--relative={k}" for k in (0, 1, 2, 0)
    ]
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "1")
    assert rehearse._on_a_node(1) == []


# --- what one can spoil or see ------------------------------------------------------------

KERNEL = """
import os, pathlib, sys, time
sys.path.insert(0, {root!r})
from utils.engine import store
meeting = pathlib.Path({meeting!r})
def quick(file, work):
    file.write_text("of the instructor")
    return {{"by": 0}}
def slow(file, work):
    (meeting / f"making-{{os.getpid()}}").touch()
    while not (meeting / "go on").exists():
        time.sleep(0.05)
    file.write_text("whole " * 1000)
    return {{"by": os.getpid()}}
def recipe(name, make):
    return store.Recipe("flow", name, ".txt", (name,), make)
"""
READ_BOTH = """
with store.kept(recipe("shared", quick)) as entry:
    print(entry.is_new, entry.path.read_text(), entry.origin, sep="|")
with store.kept(recipe("slow", slow)) as entry:
    print(entry.is_new, entry.facts["by"], len(entry.path.read_text()), sep="|")
"""


def test_twelve_kernels_share_data_and_a_cache_and_one_is_killed_while_it_makes_what_all_wait_for(
    tmp_path, monkeypatch
):
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    code = KERNEL.format(root=str(ROOT), meeting=str(meeting))
    shared = tmp_path / "shared"
    monkeypatch.delenv("BOOTCAMP_DATA", raising=False)
    first = code + '\nwith store.kept(recipe("shared", quick)) as entry: pass'
    subprocess.run(
        [sys.executable, "-c", first], env=os.environ | {"BOOTCAMP_CACHE": str(shared)}, check=True
    )
    for path in [shared, *shared.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = rehearse._state(shared)
    environment = os.environ | {"BOOTCAMP_CACHE": str(tmp_path / "cache"), "BOOTCAMP_DATA": str(shared)}
    managers = [KernelManager(kernel_name="python3") for _ in range(12)]
    clients, said = [], {}
    try:
        for manager in managers:
            manager.start_kernel(env=environment, cwd=str(tmp_path))
            clients.append(manager.client())
            clients[-1].start_channels()
        pids = [manager.provisioner.pid for manager in managers]
        for manager, pid in zip(managers, pids, strict=True):  # what other users of the machine could read
            assert stat.S_IMODE(os.stat(manager.connection_file).st_mode) == 0o600
            assert manager.session.key.decode() not in " ".join(psutil.Process(pid).cmdline())
        for client in clients:
            client.wait_for_ready(timeout=300)
            client.execute(code + READ_BOTH)
        while not (making := list(meeting.glob("making-*"))):
            assert all(manager.is_alive() for manager in managers)
            time.sleep(0.05)
        assert len(making) == 1, "one makes it, the others wait"
        killed = int(making[0].name.split("-")[1])
        psutil.Process(killed).kill()
        while len(list(meeting.glob("making-*"))) < 2:  # the system hands the lock on
            time.sleep(0.05)
        (meeting / "go on").touch()
        for pid, client in zip(pids, clients, strict=True):
            if pid != killed:
                said[pid] = printed(client)
    finally:
        for client in clients:
            client.stop_channels()
        for manager in managers:
            manager.shutdown_kernel(now=True)
    makers = {line.split("|")[1] for lines in said.values() for line in lines[1:]}
    assert len(said) == 11
    assert {lines[0] for lines in said.values()} == {
        "False|of the instructor|the shared folder BOOTCAMP_DATA"
    }
    assert all(lines[1].endswith("|6000") for lines in said.values())
    assert len(makers) == 1
    assert makers != {str(killed)}
    assert sum(lines[1].startswith("True") for lines in said.values()) == 1
    assert rehearse._state(shared) == before


def printed(client) -> list[str]:
    """The lines with a bar that the one cell of a kernel printed."""
    text = ""
    while True:
        message = client.get_iopub_msg(timeout=300)
        text += message["content"].get("text", "")
        assert message["msg_type"] != "error", message["content"]
        if message["content"].get("execution_state") == "idle" and "|6000" in text:
            return [line for line in text.splitlines() if "|" in line]


def test_a_fresh_cache_is_closed_to_other_users(own_cache):
    old = os.umask(0o022)
    try:
        paths.cache_dir("executed")
    finally:
        os.umask(old)
    assert stat.S_IMODE(own_cache.stat().st_mode) == 0o700


def test_a_cache_that_was_opened_on_purpose_stays_open(own_cache):
    own_cache.mkdir(mode=0o755)
    own_cache.chmod(0o755)
    paths.cache_dir("executed")
    assert stat.S_IMODE(own_cache.stat().st_mode) == 0o755


def test_no_file_has_a_name_in_tmp_that_another_user_could_take_first():
    sources = [*ROOT.glob("utils/**/*.py"), *ROOT.glob("*/*/*.py"), ROOT / "bootcamp"]
    places = [
        path for path in sources if "tests" not in path.parts and "/tmp/" in path.read_text(encoding="utf-8")
    ]
    assert places == []


def test_data_that_others_may_write_is_named(tmp_path):
    tmp_path.chmod(0o755)
    assert rehearse.writable(tmp_path) == ""
    tmp_path.chmod(0o777)
    assert "one seat can spoil it for all" in rehearse.writable(tmp_path)


# --- the board ----------------------------------------------------------------------------


class Report(competition.Report):
    points, parameters = 1.0, 7

    def lines(self):
        return ["1 point"]

    def results(self):
        return [self.points, self.parameters]


@pytest.fixture
def contest(own_cache, monkeypatch):
    monkeypatch.delenv(competition.KEY_VARIABLE, raising=False)
    return competition.Contest(
        "darts", {"points": 2, "parameters": 0}, {"points": False}, Report, None,
        lambda report, secret: report(secret), declared=["parameters"],
    )  # fmt: skip


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


def test_a_hostile_board_is_shown_as_text(contest):
    """Whoever may write to the folder may write anything into the file."""
    secret = contest.secret()
    identifier = competition.key_id(secret)
    names = [
        "<script>alert(1)</script>",
        '"><img src=x onerror=y>',
        "&lt;b&gt;",
        "</td></table><h1>",
        "\u202eAda",
    ]
    rows = [
        f'"<i>2026-01-0{k}","{name.replace(chr(34), chr(34) * 2)}",{identifier},{k}.00,5'
        for k, name in enumerate(names)
    ]
    contest.path.write_text("\n".join([",".join(contest.columns), *rows, ""]), encoding="utf-8")
    page = Tags(board.page(contest))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "i", "b", "a", "iframe", "svg"}
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert [word for word in page.words if word in names] == names[::-1]


def test_the_page_says_ranks_declarations_and_reads_itself_again(contest):
    for name, points in (("Ada", 2.0), ("Bo", 3.0), ("Cy", None)):
        report = Report(**contest.labels(contest.secret()))
        object.__setattr__(report, "points", points)
        contest.enter(contest.entrant(name, None, contest.secret()), report)
    text = board.page(contest)
    page = Tags(text)
    assert ("html", {"lang": "en"}) in page.tags
    assert ("meta", {"http-equiv": "refresh", "content": "20"}) in page.tags
    assert {"caption", "main", "h1", "title"} <= {tag for tag, _ in page.tags}
    assert "parameters (declared)" in page.words
    assert "was said by the people who entered" in text
    assert [name for name in page.words if name in ("Ada", "Bo", "Cy")] == ["Bo", "Ada", "Cy"]
    assert "none" in page.words
    assert "http://" not in text
    assert "https://" not in text


def test_the_command_posts_to_the_instructors_folder_and_nowhere_else(contest, tmp_path, capsys, monkeypatch):
    class Lab:
        CONTEST = contest

        @staticmethod
        def score(path, key, name, pin):
            return contest.score(lambda secret: Report(**contest.labels(secret)), key, name, pin)

    monkeypatch.setattr(command, "scorer", lambda lab: Lab)
    arguments = ["flow", "x", "--folder", str(tmp_path), "--board", "wall"]
    assert command.main([*arguments, "--name", "Ada"]) == 1
    assert "is no folder: the instructor makes it first" in capsys.readouterr().err
    (tmp_path / "wall").mkdir()
    assert command.main(arguments) == 1
    assert "give --name, too" in capsys.readouterr().err
    assert command.main([*arguments, "--name", "Ada"]) == 0
    assert f"The board: {tmp_path / 'wall' / 'darts.html'}" in capsys.readouterr().out
    assert "Ada" in (tmp_path / "wall" / "darts.html").read_text(encoding="utf-8")
    assert (tmp_path / "wall" / "darts.csv").is_file()
    assert not (paths.cache_dir("leaderboard") / "darts.csv").exists()
