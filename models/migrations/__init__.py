"""Migrations, made with `tortoise makemigrations`; applied with `bellwether migrate`."""
