"""Binds every feature, save those whose steps are their own."""

from pathlib import Path

from pytest_bdd import scenarios

FEATURES = Path(__file__).resolve().parents[2] / "features"
OWN_STEPS = ("program.feature", "workflow.feature")

scenarios(*(str(file) for file in sorted(FEATURES.glob("*.feature")) if file.name not in OWN_STEPS))
