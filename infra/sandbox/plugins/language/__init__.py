"""The offline Python language host: what the Pulumi engine calls to run a Python program.

It speaks the engine's LanguageRuntime protocol and runs the official `pulumi-language-python-exec` in the project's
virtual environment, as the official host does. It installs no packages and generates no code.
"""
