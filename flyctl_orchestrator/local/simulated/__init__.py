"""A whole Fly on a clock of its own, in this process: reached as the real one is, by URLs and by command lines.

fly.py        the API, the apps behind the proxy and the builder, by URL
flyctl.py     flyctl's part: the stand-in, one command line at a time
"""
