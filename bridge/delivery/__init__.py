"""7 delivery: claim, convert, stage, post, settle; in order within a conversation, in parallel across.

`loop` hands out the work, `attempt` carries one mail as far as it will go, `drafting` has it taken apart, `messages` says what
Re:amaze is told, `once` and `doubt` say nothing twice, `links` keeps what is told fetchable, `gate` closes a brand that is in
trouble, `retry` says when to try again. Start reading at `attempt`.
"""
