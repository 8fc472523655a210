"""NET and HTTPD mode: the sockets, their servers' commands, and what joins them to the UART."""
