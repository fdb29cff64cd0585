//! Every problem nnc can report: its code, its wording, its explanation and an example that fails with it.
