"""The numbers of errors, and words for them (3GPP TS 27.007 9.2, TS 27.005 3.2.5).

Modems say the number or words of their own making (``AT+CMEE=2``), in any spelling.
"""

import re
from collections.abc import Mapping

_CME = """
0 Phone failure
1 No connection to phone
2 Phone-adaptor link reserved
3 Operation not allowed
4 Operation not supported
5 PH-SIM PIN required
6 PH-FSIM PIN required
7 PH-FSIM PUK required
10 SIM not inserted
11 SIM PIN required
12 SIM PUK required
13 SIM failure
14 SIM busy
15 SIM wrong
16 Incorrect password
17 SIM PIN2 required
18 SIM PUK2 required
20 Memory full
21 Invalid index
22 Not found
23 Memory failure
24 Text string too long
25 Invalid characters in text string
26 Dial string too long
27 Invalid characters in dial string
30 No network service
31 Network timeout
32 Network not allowed - emergency calls only
40 Network personalization PIN required
41 Network personalization PUK required
42 Network subset personalization PIN required
43 Network subset personalization PUK required
44 Service provider personalization PIN required
45 Service provider personalization PUK required
46 Corporate personalization PIN required
47 Corporate personalization PUK required
48 Hidden key required
49 EAP method not supported
50 Incorrect parameters
51 Command disabled
52 Command aborted
53 Not attached restricted
54 Not allowed emergency only
55 Not allowed restricted
56 Fixed dial number only
57 Temporarily out of service
58 Language or alphabet not supported
59 Unexpected data value
60 System failure
61 Data missing
62 Call barred
63 Message waiting indication subscription failure
100 Unknown error
102 IMSI unknown in HLR/HSS
103 Illegal MS/UE
104 IMSI unknown in VLR
105 IMEI not accepted
106 Illegal ME
107 PS services not allowed
108 PS and non-PS services not allowed
109 UE identity not derived from network
110 Implicitly detached
111 PLMN not allowed
112 Location/tracking area not allowed
113 Roaming not allowed in this location/tracking area
114 PS services not allowed in PLMN
115 No cells in location/tracking area
116 MSC temporarily not reachable
117 Network failure (attach)
118 CS domain unavailable
119 ESM failure
122 Congestion
124 MBMS bearer capabilities insufficient for service
125 Not authorized for CSG
126 Insufficient resources
127 Missing or unknown APN
128 Unknown PDP address or type
129 User authentication failed
130 Activation rejected by GGSN or GW
131 Activation rejected (unspecified)
132 Service option not supported
133 Requested service option not subscribed
134 Service option temporarily out of order
135 NSAPI/PTI already in use
136 Regular deactivation
137 QoS not accepted
138 Call cannot be identified
139 CS service temporarily unavailable
140 Feature not supported
141 Semantic error in TFT operation
142 Syntactical error in TFT operation
143 Unknown PDP context
144 Semantic error in packet filter
145 Syntactical error in packet filter
146 PDP context without TFT already activated
147 Multicast group membership timeout
148 Unspecified GPRS error
149 PDP authentication failure
150 Invalid mobile class
171 Last PDN disconnection not allowed
172 Semantically incorrect message
173 Invalid mandatory information
174 Message type not implemented
175 Conditional IE error
176 Unspecified protocol error
177 Operator determined barring
178 Maximum number of PDP/bearer contexts reached
179 Requested APN not supported
180 Rejected BCM violation
181 Unsupported QCI/5QI value
182 User data via control plane congested
183 SMS provided via GPRS in routing area
184 Invalid PTI value
185 No bearer activated
186 Message not compatible with protocol state
187 Recovery on timer expiry
188 Invalid transaction ID value
189 Service option not authorized in PLMN
190 Network failure (activation)
191 Reactivation requested
192 IPv4 only allowed
193 IPv6 only allowed
194 Single address bearers only allowed
195 Collision with network initiated request
196 IPv4v6 only allowed
197 Non-IP only allowed
198 Bearer handling unsupported
199 APN restriction incompatible
200 Multiple access to PDN connection not allowed
201 ESM information not received
202 PDN connection nonexistent
203 Multiple PDN connection to same APN not allowed
204 Severe network failure
205 Insufficient resources for slice and DNN
206 Unsupported SSC mode
207 Insufficient resources for slice
208 Message type not compatible with protocol state
209 IE not implemented
210 N1 mode not allowed
211 Restricted service area
212 LADN unavailable
213 Missing or unknown DNN in slice
214 ngKSI already in use
215 Payload not forwarded
216 Non-3GPP access to 5GCN not allowed
217 Serving network not authorized
218 DNN not supported in slice
219 Insufficient user plane resources for PDU session
220 Out of LADN service area
221 PTI mismatch
222 Max data rate for user plane integrity too low
223 Semantic error in QoS operation
224 Syntactical error in QoS operation
225 Invalid mapped EPS bearer identity
226 Redirection to 5GCN required
227 Redirection to EPC required
228 Temporarily unauthorized for SNPN
229 Permanently unauthorized for SNPN
230 Ethernet only allowed
231 Unauthorized for CAG
232 No network slices available
233 Wireline access area not allowed
"""

_CMS = """
1 Unassigned number
8 Operator determined barring
10 Call barred
21 Short message transfer rejected
27 Destination out of service
28 Unidentified subscriber
29 Facility rejected
30 Unknown subscriber
38 Network out of order
41 Temporary failure
42 Congestion
47 Resources unavailable
50 Requested facility not subscribed
69 Requested facility not implemented
81 Invalid short message transfer reference
95 Invalid message
96 Invalid mandatory information
97 Message type non-existent or not implemented
98 Message not compatible with protocol state
99 Information element non-existent or not implemented
111 Protocol error
127 Interworking
128 Telematic interworking not supported
129 Short message type 0 not supported
130 Cannot replace short message
143 Unspecified TP-PID error
144 Data coding scheme not supported
145 Message class not supported
159 Unspecified TP-DCS error
160 Command cannot be actioned
161 Command unsupported
175 Unspecified TP-Command error
176 TPDU not supported
192 SC busy
193 No SC subscription
194 SC system failure
195 Invalid SME address
196 Destination SME barred
197 SM rejected - duplicate SM
198 TP-VPF not supported
199 TP-VP not supported
208 SIM SMS storage full
209 No SMS storage capability in SIM
210 Error in MS
211 Memory capacity exceeded
212 SIM application toolkit busy
213 SIM data download error
255 Unspecified error cause
300 ME failure
301 SMS service of ME reserved
302 Operation not allowed
303 Operation not supported
304 Invalid PDU mode parameter
305 Invalid text mode parameter
310 SIM not inserted
311 SIM PIN required
312 PH-SIM PIN required
313 SIM failure
314 SIM busy
315 SIM wrong
316 SIM PUK required
317 SIM PIN2 required
318 SIM PUK2 required
320 Memory failure
321 Invalid memory index
322 Memory full
330 SMSC address unknown
331 No network service
332 Network timeout
340 No CNMA acknowledgement expected
500 Unknown error
"""

# Other words for the same.
_CME_ALSO = """
1 No connection
30 No network
32 Network not allowed, emergency calls only
40 Network personalisation PIN required
41 Network personalisation PUK required
42 Network subset personalisation PIN required
43 Network subset personalisation PUK required
44 Service provider personalisation PIN required
45 Service provider personalisation PUK required
46 Corporate personalisation PIN required
47 Corporate personalisation PUK required
52 Command aborted by user
100 Unknown
103 Illegal MS
107 GPRS services not allowed
"""

_CMS_ALSO = """
301 SMS service reserved
304 Invalid PDU parameter
305 Invalid text parameter
321 Invalid index
331 No network
"""


def _read(text: str) -> dict[int, str]:
    rows = (line.split(" ", 1) for line in text.strip().splitlines())
    return {int(code): words for code, words in rows}


CME: Mapping[int, str] = _read(_CME)
CMS: Mapping[int, str] = _read(_CMS)


def cme_code(words: str) -> int | None:
    """The number that ``words`` stand for, None when we do not know them."""
    return _code(words, _CME + _CME_ALSO)


def cms_code(words: str) -> int | None:
    """The same for errors of SMS."""
    return _code(words, _CMS + _CMS_ALSO)


def _code(words: str, table: str) -> int | None:
    rows = (line.split(" ", 1) for line in table.splitlines() if line)
    wanted = _squash(words)
    return next((int(code) for code, known in rows if _squash(known) == wanted), None)


def _squash(words: str) -> str:
    """Without what is a matter of spelling: case, blanks, hyphens, brackets."""
    return re.sub(r"[^a-z0-9]", "", words.lower())
