"""Make mutants of a source file with mutmut's operators, and put one into a running process.

A mutant is the text of its module with one place changed. It takes effect by giving the function object
the code compiled from that text: nothing is written to disk, everybody who holds the function has the
mutant, and properties and cached functions, which mutmut's own runner must leave alone, are mutated too.
"""

from __future__ import annotations

import ast
import builtins
import functools
import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, OuterFunctionProvider
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

_Cached = type(functools.cache(lambda: None))
# Arguments that hold words for a reader, wherever they are given.
_WORDS = ("hint", "what", "detail")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one function.

    Attributes:
        path: The source file, from the project's root.
        function: The function's qualified name.
        number: Which mutant of that function it is.
        line: Where the change is.
        lines: What a test must execute to be able to notice.
        body: Every line of the function.
        before: The text that is replaced.
        after: The text it is replaced by.
        text: The module's text with the change in it.
        first_line: Where the function begins, its decorators included.
        is_wording: Whether it changes only words for a reader.
        is_default: Whether it changes a parameter's default.
    """

    path: Path
    function: str
    number: int
    line: int
    lines: range
    body: range
    before: str
    after: str
    text: str
    first_line: int
    is_wording: bool
    is_default: bool

    @property
    def id(self) -> str:
        """Return a name that stays as long as the function does."""
        return f"{self.path}:{self.function}#{self.number}"

    def __str__(self) -> str:
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.id} line {self.line}: {before} → {after}"


def mutants_of(path: Path) -> list[Mutant]:
    """Return every mutant of a file that compiles and differs from it, in the order of the text."""
    source = path.read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    places = wrapper.resolve(PositionProvider)
    parents = wrapper.resolve(ParentNodeProvider)
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    counts: dict[str, int] = {}
    seen: set[str] = set()
    made = []
    for mutation in visitor.mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef):
            continue
        node = mutation.original_node
        place = places[node]
        start = offsets[place.start.line - 1] + place.start.column
        end = offsets[place.end.line - 1] + place.end.column
        after = wrapper.module.code_for_node(mutation.mutated_node)
        text = source[:start] + after + source[end:]
        if text in seen or text == source or not _compiles(text):
            continue
        seen.add(text)
        name = ".".join(reversed([function.name.value, *_classes(function, parents)]))
        counts[name] = counts.get(name, 0) + 1
        first = function.decorators[0] if function.decorators else function
        made.append(
            Mutant(
                path=path,
                function=name,
                number=counts[name],
                line=place.start.line,
                lines=range(places[_statement(node, parents)].start.line, place.end.line + 1),
                body=range(places[function].start.line, places[function].end.line + 1),
                before=source[start:end],
                after=after.strip(),
                text=text,
                first_line=places[first].start.line,
                is_wording=_is_wording(mutation, parents),
                is_default=_is_default(node, function, parents),
            )
        )
    return made


Place = tuple[str, str, int]


def functions_by_place(folder: Path) -> dict[Place, list[FunctionType]]:
    """Return every function this process has of the files in a folder, by file, name and first line."""
    found: dict[Place, list[FunctionType]] = {}
    prefix = f"{folder.resolve()}{os.sep}"
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(prefix):
            found.setdefault(_place(function.__code__), []).append(function)
    return found


def caches_of(functions: dict[Place, list[FunctionType]]) -> list[Any]:
    """Return the `functools.cache` wrappers of these functions."""
    originals = {id(function) for found in functions.values() for function in found}
    wrappers = [found for found in gc.get_objects() if type(found) is _Cached]
    return [wrapper for wrapper in wrappers if id(wrapper.__wrapped__) in originals]


def apply(mutant: Mutant, functions: dict[Place, list[FunctionType]]) -> bool:
    """Give the function the mutant's code; say whether that was possible."""
    path = str(mutant.path.resolve())
    place = (path, mutant.function, mutant.first_line)
    compiled = compile(mutant.text, path, "exec", dont_inherit=True)
    code = next((found for found in _codes(compiled) if _place(found) == place), None)
    targets = functions.get(place, [])
    if code is None or not targets:
        return False
    for function in targets:
        try:
            function.__code__ = code
        except ValueError:  # it closes over other names than the original
            return False
        if mutant.is_default:
            _set_defaults(function, mutant)
    return True


def _place(code: CodeType) -> Place:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _set_defaults(function: FunctionType, mutant: Mutant) -> None:
    definitions = [
        node
        for node in ast.walk(ast.parse(mutant.text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and mutant.first_line in (node.lineno, *(entry.lineno for entry in node.decorator_list[:1]))
    ]
    arguments = definitions[0].args
    scope = vars(sys.modules[function.__module__])

    def value(node: ast.expr) -> object:
        return eval(compile(ast.Expression(node), "<default>", "eval"), scope)  # noqa: S307 - our own source

    function.__defaults__ = tuple(map(value, arguments.defaults)) or None
    function.__kwdefaults__ = {
        argument.arg: value(default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    } or None


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


class _Visitor(MutationVisitor):
    """mutmut's own visitor, but for decorated functions: its trampoline cannot be put on them."""

    METADATA_DEPENDENCIES = (PositionProvider, OuterFunctionProvider)

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef) and node.decorators:
            return False
        return super()._skip_node_and_children(node)


Parents = dict[cst.CSTNode, cst.CSTNode]


def _classes(node: cst.CSTNode, parents: Parents) -> Iterator[str]:
    while (node := parents.get(node)) is not None:  # type: ignore[assignment]
        if isinstance(node, cst.ClassDef):
            yield node.name.value


def _statement(node: cst.CSTNode, parents: Parents) -> cst.CSTNode:
    while not isinstance(node, (cst.BaseStatement, cst.BaseSmallStatement)):
        node = parents[node]
    return node


def _is_default(node: cst.CSTNode, function: cst.FunctionDef, parents: Parents) -> bool:
    while node is not function:
        if isinstance(node, cst.Param):
            # A lambda's own parameter, or a nested function's, is code like any other.
            return parents[parents[node]] is function
        node = parents[node]
    return False


def _is_wording(mutation: Mutation, parents: Parents) -> bool:
    """Whether a mutation can change nothing but words: a message, a hint, a detail, or a text of prose."""
    node, mutated = mutation.original_node, mutation.mutated_node
    if isinstance(node, cst.Call) and isinstance(mutated, cst.Call):
        # Arguments that were made None, changed or left out.
        gone = [argument for argument in node.args if argument not in mutated.args]
        if gone and all(_is_words(argument, node) for argument in gone):
            return True
    while not isinstance(node, (cst.BaseStatement, cst.BaseSmallStatement)):
        parent = parents[node]
        if _is_prose(node) or (
            isinstance(node, cst.Arg) and isinstance(parent, cst.Call) and _is_words(node, parent)
        ):
            return True
        node = parent
    return isinstance(node, cst.Assign) and _is_prose(node.value)


def _is_words(argument: cst.Arg, call: cst.Call) -> bool:
    if argument.keyword is not None:
        return argument.keyword.value in _WORDS
    name = call.func.value if isinstance(call.func, cst.Name) else ""
    is_ours = name.endswith("Error") and not hasattr(builtins, name)
    return (is_ours and argument is call.args[0]) or _is_prose(argument.value)


def _is_prose(node: cst.CSTNode) -> bool:
    """Whether a literal holds several words: names, codes and wire values hold no space inside."""
    if isinstance(node, cst.ConcatenatedString):
        return _is_prose(node.left) or _is_prose(node.right)
    if isinstance(node, cst.FormattedString):
        return any(isinstance(part, cst.FormattedStringText) and " " in part.value for part in node.parts)
    return isinstance(node, cst.SimpleString) and " " in node.raw_value.strip()
