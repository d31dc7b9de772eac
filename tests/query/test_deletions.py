from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.matchers import Matcher, MatchOp
from lgtm.query.deletions import Deletion, deletion_labels, deletion_of

MATCHERS = st.lists(st.builds(Matcher, st.text(max_size=5), st.sampled_from([MatchOp.EQ, MatchOp.NE]), st.text(max_size=5)), max_size=3).map(tuple)


@given(st.builds(Deletion, MATCHERS, st.integers(-(2**60), 2**60), st.integers(-(2**60), 2**60)))
def test_what_was_asked_for_is_what_its_labels_say(deletion: Deletion) -> None:
    assert deletion_of(deletion_labels(deletion)) == deletion
