//! From text to graph: small programs against closed forms, shapes, names, and what no program may do to the compiler.

mod arrangements;
mod common;
mod functions;
mod notation;
mod program;
mod robust;
mod shapes;
