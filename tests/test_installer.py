"""What pip is told of indexes, folders, certificates and proxies, uv is told too."""

import os
import sys

import pytest

from utils.engine import installer


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_", "SSL_")) or name.endswith(("_PROXY", "_proxy", "_CA_BUNDLE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def new_variables(settings: dict[str, str], index: str = "") -> dict[str, str]:
    environment = installer.environment(settings, index)
    return {name: value for name, value in environment.items() if os.environ.get(name) != value}


def test_pip_itself_says_its_settings_and_the_environment_wins(tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://name:word@a.example/simple\ntimeout = 5\n"
        "extra-index-url =\n    https://b.example/simple\n    https://c.example/simple\n"
        "[install]\ntimeout = 6\n[download]\ntimeout = 7\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://d.example/simple?a=b")
    found = installer.pip_settings(sys.executable)
    assert found["index-url"] == "https://d.example/simple?a=b"
    assert found["timeout"] == "6"
    its = {
        name: found[name] for name in ("index-url", "extra-index-url", "timeout")
    }  # the machine may have others
    assert new_variables(its) == {
        "UV_DEFAULT_INDEX": "https://d.example/simple?a=b",
        "UV_INDEX": "https://b.example/simple https://c.example/simple",
        "UV_HTTP_TIMEOUT": "6",
    }


def test_no_settings_change_nothing():
    assert new_variables(installer.pip_settings(sys.executable)) == {}


@pytest.mark.parametrize(
    ("settings", "variables"),
    [
        ({"find-links": "/wheels\n~/more"}, {"UV_FIND_LINKS": f"/wheels,{os.path.expanduser('~/more')}"}),
        ({"trusted-host": "a.example b.example:8080"}, {"UV_INSECURE_HOST": "a.example b.example:8080"}),
        ({"cert": "/company.pem"}, {"SSL_CERT_FILE": "/company.pem"}),
        ({"cert": os.path.dirname(__file__)}, {"SSL_CERT_DIR": os.path.dirname(__file__)}),
        ({"client-cert": "/me.pem"}, {"SSL_CLIENT_CERT": "/me.pem"}),
        ({"default-timeout": "180", "retries": "9"}, {"UV_HTTP_TIMEOUT": "180", "UV_HTTP_RETRIES": "9"}),
        ({"proxy": "http://p:1"}, dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], "http://p:1")),
        ({"keyring-provider": "disabled", "constraint": "c.txt", "no-cache-dir": "1"}, {}),
    ],
)
def test_each_setting_has_its_variable(settings, variables):
    assert new_variables(settings) == variables


@pytest.mark.parametrize("settings", [{"keyring-provider": "subprocess"}, {"find-links": "/a,b"}])
def test_what_uv_cannot_be_told_is_left_to_pip(settings):
    assert installer.environment(settings) is None


def test_certificates_of_the_machine_are_those_of_pip(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company.pem")
    assert new_variables({}) == {"SSL_CERT_FILE": "/company.pem"}
    assert new_variables({"cert": "/mine.pem"}) == {"SSL_CERT_FILE": "/mine.pem"}


def test_what_was_said_to_another_uv_is_not_heard_but_for_its_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("UV_INDEX_URL", "https://elsewhere.example/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    environment = installer.environment({}, "https://torch.example/cpu")
    names = {name: value for name, value in environment.items() if name.startswith("UV_")}
    assert names == {"UV_CACHE_DIR": str(tmp_path), "UV_DEFAULT_INDEX": "https://torch.example/cpu"}
    assert "--cache-dir" not in installer.command("uv", "python", "lock", tmp_path)


@pytest.mark.parametrize(("value", "answer"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_no_index(value, answer):
    assert installer.forbids_indexes({"no-index": value}) == answer
    assert not installer.forbids_indexes({})
