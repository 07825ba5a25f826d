"""The ORM's database clients, made such that every statement through them is seen.

Its migrations tell databases apart by the names of these modules.
"""
