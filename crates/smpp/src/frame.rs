//! Frames: command_length first, content later.
