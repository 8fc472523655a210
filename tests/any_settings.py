"""Hypothesis strategies that know the table: any value that a parameter accepts, any Settings."""

import re
from functools import reduce
from typing import Any

from hypothesis import strategies as st

from usr7s3d.at.fields import Choice, Field, Number, OnOff, Text
from usr7s3d.at.table import PARAMS
from usr7s3d.settings.model import FACTORY, Settings

LATIN_1 = [chr(n) for n in range(256)]


def values(field: Field) -> st.SearchStrategy[Any]:
    match field:
        case Choice():
            return st.sampled_from(field.options)
        case OnOff():
            return st.booleans()
        case Number():
            return st.integers(field.low, field.high)
        case Text():
            characters = [c for c in LATIN_1 if re.fullmatch(field.pattern, c)]
            if not characters:  # pairs of hex digits
                return st.binary(max_size=field.longest // 2).map(bytes.hex)
            return st.text(st.sampled_from(characters), min_size=field.shortest,
                           max_size=field.longest)  # fmt: skip
    raise NotImplementedError(field)


def _settings(chosen: dict[str, object]) -> Settings:
    return reduce(lambda settings, item: settings.put(*item), chosen.items(), FACTORY)


any_settings = st.fixed_dictionaries(
    {}, optional={path: values(param.field) for path, (_, param) in PARAMS.items()}
).map(_settings)
