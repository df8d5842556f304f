"""`python -m mixablate`: the command, where its folder is not on the path."""

from mixablate.cli import main

if __name__ == "__main__":
    main()
