"""Files with TSIG keys as the programs that make them write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from greygate.secret import Secret
from greygate.spec.tsig import BadTsigKey, TsigKey, tsig_key

SECRET = "VSwWccD/ygLwUExocxntwuyjAzIXAntrlK84e/qqzjk="
KEYMGR = f"""# hmac-sha256:greygate:{SECRET}
key:
  - id: greygate
    algorithm: hmac-sha256
    secret: {SECRET}
"""
TSIG_KEYGEN = f"""key "greygate" {{
	algorithm hmac-sha256;
	secret "{SECRET}";
}};
"""


@pytest.mark.parametrize(
    "text",
    [
        KEYMGR,
        TSIG_KEYGEN,
        f"// ours\nkey greygate. {{ secret {SECRET}; algorithm HMAC-SHA256.; }};",
        f"hmac-sha256:greygate:{SECRET}\n",
        f"greygate:{SECRET}",
        f"# made today\nGreyGate.:{SECRET}\n",
    ],
)
def test_each_program_s_spelling_is_read(text: str) -> None:
    key = tsig_key(text)
    assert key == TsigKey("greygate", "hmac-sha256", Secret(SECRET))
    assert SECRET not in f"{key} {key!r}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither"),
        (SECRET, "neither"),
        ("a:b:c:d", "neither"),
        ("hmac-sha3:a:YQ==", "hmac-sha3 is no algorithm"),
        ("a:not base64", "not base64"),
        ("a:\x80", "not base64"),
        ("a:", "missing"),
        ("a b:YQ==", "no name"),
        (KEYMGR.replace("id: greygate", "name: greygate"), "no name"),
        (TSIG_KEYGEN.replace("secret", "secrets"), "missing"),
    ],
)
def test_what_is_no_key_is_told(text: str, why: str) -> None:
    with pytest.raises(BadTsigKey, match=why):
        tsig_key(text)


def test_the_old_name_of_md5_is_known() -> None:
    assert tsig_key("hmac-md5:a:YQ==").algorithm == "hmac-md5.sig-alg.reg.int"


@given(some.text(max_size=80))
def test_nothing_but_a_key_or_its_absence_comes_of_a_text(text: str) -> None:
    try:
        tsig_key(text)
    except BadTsigKey as problem:
        assert problem.why
