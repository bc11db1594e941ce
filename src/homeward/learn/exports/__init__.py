"""Exports: rows of outcomes in the forms that other tools read, one file for each."""
