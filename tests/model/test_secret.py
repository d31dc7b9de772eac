from lgtm.model.secret import Secret


def test_a_secret_is_shown_nowhere() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} {secret:}"
    assert str(secret) == "***"
    assert secret.reveal() == "hunter2"


def test_no_secret_is_told_from_one() -> None:
    assert not Secret()
    assert str(Secret()) == ""
    assert Secret("x")
