"""SMS in and out (manual 3.2.3, 4.1.4, 4.2.1.48).

modem's store --> sweep --> intake --> door      a command with password: reply, then restart
                                |----> SMS mode   from DSTNUM: its text to the UART
                                '----> inbox      nobody's: AT+CMGL shows it
SMS mode, AT+SMSSEND, AT+CMGS, replies --> outbox --> modem
"""
