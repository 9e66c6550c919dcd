"""What goes wrong is decided by seed and number alone."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sender.simulator.fates import Fates
from sender.simulator.knobs import Knobs
from sender.simulator.settings import IdForm, SmscSettings

NUMBERS = [f"+3363998{i:04d}" for i in range(2_000)]
WORST = {"": 0, "DELIVERED": 1}


def test_fates_do_not_depend_on_who_was_asked_about_before() -> None:
    there, back = Fates(Knobs(SmscSettings(seed=3))), Fates(Knobs(SmscSettings(seed=3)))
    forwards = {number: there.of_message(number, 0) for number in NUMBERS}
    backwards = {number: back.of_message(number, 0) for number in reversed(NUMBERS)}
    assert forwards == backwards
    assert forwards != {number: Fates(Knobs(SmscSettings(seed=4))).of_message(number, 0) for number in NUMBERS}


def test_each_ill_befalls_about_its_share() -> None:
    settings = SmscSettings(refused=0.1, failed=0.2, expired=0.1, unknown=0.1, missing_receipts=0.1)
    fates = [Fates(Knobs(settings)).of_message(number, 0) for number in NUMBERS]
    states = [fate.state for fate in fates]
    assert 0.07 < sum(bool(fate.refusal) for fate in fates) / len(fates) < 0.13
    assert 0.16 < sum(state in {"UNDELIVERABLE", "REJECTED"} for state in states) / len(states) < 0.24
    assert 0.07 < states.count("EXPIRED") / len(states) < 0.13
    assert 0.07 < states.count("UNKNOWN") / len(states) < 0.13
    assert 0.07 < sum(not fate.reported for fate in fates) / len(fates) < 0.13
    assert any(fate.arrives and fate.state == "UNDELIVERABLE" for fate in fates)
    assert any(fate.arrives and not fate.reported for fate in fates)


def test_a_message_at_which_nothing_goes_wrong_arrives() -> None:
    sound = SmscSettings(refused=0, failed=0, expired=0, unknown=0, missing_receipts=0)
    fates = [Fates(Knobs(sound)).of_message(number, 0) for number in NUMBERS]
    assert all(fate.arrives and fate.state == "DELIVERED" and fate.reported and not fate.refusal for fate in fates)


@given(number=st.sampled_from(NUMBERS), parts=st.integers(1, 5), seed=st.integers(0, 50))
def test_the_parts_of_a_message_agree_with_it(number: str, parts: int, seed: int) -> None:
    fates = Fates(Knobs(replace(SmscSettings(seed=seed), failed=0.3, expired=0.1, unknown=0.1, missing_receipts=0.3)))
    whole = fates.of_message(number, 0)
    states = {fates.of_part(number, 0, part, parts).state for part in range(1, parts + 1)}
    if whole.state != "DELIVERED":
        assert whole.state in states
        assert states <= {whole.state, "DELIVERED"}
    elif whole.reported:
        assert states == {"DELIVERED"}
    else:
        assert "" in states
        assert states <= {"", "DELIVERED"}


@given(value=st.integers(10**9, 2**63))
def test_every_form_of_an_id_is_the_same_number(value: int) -> None:
    assert {int(IdForm(form).write(value), 16 if "hex" in form else 10) for form in IdForm} == {value}
