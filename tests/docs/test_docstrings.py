"""The examples in docstrings run as printed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest
from tests.adapters.django.project import set_up

import jwtkit

# The models and the admin of the Django app can only be imported in a project.
set_up()

MODULES = ["jwtkit", *sorted(module.name for module in pkgutil.walk_packages(jwtkit.__path__, "jwtkit."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run_as_printed(name: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
