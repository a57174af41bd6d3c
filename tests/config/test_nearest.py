from notify_tui.config.nearest import nearest


def test_a_mistyped_word_gets_the_nearest() -> None:
    assert nearest("Netwrok", ["network", "name"]) == "did you mean 'network'?"


def test_a_strange_word_gets_all_that_are_known() -> None:
    assert nearest("zzz", ["network", "name"]) == "known are: name, network"


def test_what_is_known_is_shown_behind_its_prefix() -> None:
    assert nearest("nme", ["NAME", "PORT"], "X_") == "did you mean 'X_NAME'?"
