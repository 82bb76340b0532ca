"""`python -m ekuiper`: the command, where it is not installed as one."""

from .cli.main import main

if __name__ == "__main__":
    main()
