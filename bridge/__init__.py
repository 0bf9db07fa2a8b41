"""An on-prem daemon that takes mail by SMTP and posts each as a message of a Re:amaze conversation."""

__version__ = "0.1.0"
