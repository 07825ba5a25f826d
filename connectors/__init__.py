"""The outside world's formats; today CSV files, read by a mapping that says what they mean."""

from connectors.importing import import_folder
from connectors.loading import load_mapping
from connectors.mapping import Mapping
from connectors.report import ImportReport

__all__ = ["ImportReport", "Mapping", "import_folder", "load_mapping"]
