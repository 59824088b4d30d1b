from dressage.results.differences import argument_differences, differences, file_differences, line_differences


def test_a_changed_value_shows_old_and_new():
    assert differences({"epochs": 20, "seed": 1}, {"epochs": 5, "seed": 1}) == ["epochs: 20 -> 5"]


def test_a_changed_option_goes_by_its_name():
    old = ["--data-folder", {"mode": "mount"}, "--epochs", "20"]
    new = ["--data-folder", {"mode": "mount"}, "--epochs", "5"]
    assert argument_differences(old, new) == ["argument --epochs: 20 -> 5"]


def test_an_added_or_removed_option_is_listed():
    assert argument_differences(["--verbose"], ["--seed", "3"]) == [
        "argument --verbose: True -> not set",
        "argument --seed: not set -> 3",
    ]


def test_a_positional_argument_goes_by_its_place():
    assert argument_differences(["a"], ["b"]) == ["argument 0: a -> b"]


def test_files_are_added_removed_or_changed():
    assert file_differences({"a": "1", "b": "1"}, {"b": "2", "c": "1"}) == [
        "file a removed",
        "file b changed",
        "file c added",
    ]


def test_texts_compare_line_by_line():
    assert line_differences("pip:\n  - numpy==2.0\n", "pip:\n  - numpy==2.1\n") == [
        "- numpy==2.0",
        "+ numpy==2.1",
    ]
