"""The weekly funnel as a workbook that a manager takes into the meeting."""
