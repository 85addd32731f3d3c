"""Which URLs a reader may be sent to."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.content.links import SCHEMES, check_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org/",
        "https://example.org:8443/a/b?c=d&e=f#g",
        "https://EXAMPLE.org/%7Efolder",
        "https://español.example/año",
        "https://localhost:8000/x",
        "https://192.0.2.1/x",
        "https://example.org./",
        "mailto:hello@example.org",
        "mailto:hello@example.org,other@example.org?subject=Hi%20there",
        "tel:+18025550100",
        "tel:802-555-0100",
    ],
)
def test_whole_address_is_taken(url: str) -> None:
    assert check_url(url) == []


@pytest.mark.parametrize(
    ("url", "says", "hint"),
    [
        ("", "is empty", "https://example.org/page"),
        ("javascript:alert(1)", "'javascript:' are not allowed", "http, https, mailto, tel"),
        ("JavaScript:alert(1)", "'javascript:' are not allowed", ""),
        ("data:text/html,x", "'data:' are not allowed", ""),
        ("vbscript:x", "'vbscript:' are not allowed", ""),
        ("file:///etc/passwd", "'file:' are not allowed", ""),
        ("ftp://example.org", "'ftp:' are not allowed", ""),
        ("java\tscript:alert(1)", "'\\t'", "percent-encode"),
        ("\x01https://example.org", "'\\x01'", "percent-encode"),
        ("https://example.org/a b", "' '", "%20"),
        ("https://example.org/a\nb", "'\\n'", "%20"),
        ("https://example.org/\"onload='x'", "'\"'", "percent-encode"),
        ("https://example.org/<b>", "'<'", ""),
        ("https://example.org/{first_name|x}", "'{'", "placeholders out of URLs"),
        ("https://example.org\\@example.com", "'\\\\'", ""),
        ("https://example.org/\ue000unsubscribe_url|\ue001", "'\\ue000'", ""),
        ("example.org/donate", "has no scheme", "did you mean 'https://example.org/donate'?"),
        ("//example.org/donate", "has no scheme", "write the whole address"),
        ("donate", "has no scheme", "write the whole address"),
        ("https://user@example.org", "user name", "misled"),
        ("https://user:word@example.org", "user name", "misled"),
        ("https://example.org@example.com/", "user name", ""),
        ("https://example.org:99999/", "is no URL", ""),
        ("https://example.org:abc/", "is no URL", ""),
        ("https://example.org:0/", "names no valid host", ""),
        ("https:///path", "names no valid host", ""),
        ("https://", "names no valid host", ""),
        ("https:example.org", "names no valid host", ""),
        ("https://-example.org", "names no valid host", ""),
        ("https://exa..mple.org", "names no valid host", ""),
        ("https://" + "a" * 64 + ".org", "names no valid host", ""),
        ("https://[::1", "is no URL", ""),
        ("mailto:", "no valid address", ""),
        ("mailto:nobody", "no valid address", "@-sign"),
        ("mailto:a@example.org,", "no valid address", ""),
        ("tel:call-me", "no telephone link", "tel:+18025550100"),
    ],
)
def test_bad_url_is_explained(url: str, says: str, hint: str) -> None:
    (problem,) = check_url(url)
    assert problem.code == "bad-url"
    assert says in problem.message
    assert hint in problem.hint
    assert problem.needle == url


@given(st.text() | st.builds("{}:{}".format, st.sampled_from([*SCHEMES, "https://", "javascript"]), st.text()))
@example("https://①.example")
@example("https://xn--a.example")
@example('mailto:""@example.org')
@example("mailto:a@[127.0.0.1]")
def test_whatever_is_taken_has_an_allowed_scheme_and_cannot_leave_an_attribute(url: str) -> None:
    if check_url(url):
        return
    assert url.lower().startswith(tuple(f"{scheme}:" for scheme in SCHEMES))
    assert not set(url) & set(' "<>\n\r\t{}|\\')
