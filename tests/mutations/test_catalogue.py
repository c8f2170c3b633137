"""Every mutation can still be put into the source, and its test still exists."""

import pytest

from tests.mutations.__main__ import ROOT
from tests.mutations.catalogue import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.defect)
def test_a_mutation_is_up_to_date(mutation: Mutation):
    assert (ROOT / mutation.path).read_text(encoding="utf-8").count(mutation.old) == 1
    file, _, function = mutation.test.partition("::")
    name = function.partition("[")[0]
    assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")
