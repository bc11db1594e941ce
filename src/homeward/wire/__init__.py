"""Protocols as pure functions: bytes on one side, values on the other, no sockets between.

A dialect is a module of the same few names: `encode_request` and a `Decoder` for those who ask,
`decode_request` and an `Encoder` for those who answer, `decode_answer` and `encode_answer` where
nothing is streamed. What a dialect cannot carry, its docstring says.
"""
