//! Compiled code and the memory it lies in. The only module that turns an address into something that is called.
//!
//! Reads plans. Must not know slices or workspaces.

use super::CompileError;
use super::frame::Sizes;
use super::function::{Emitter, Imports};
use super::repeat::Main;
use super::workspace::Address;
use crate::graph::{Block, Precision};
use crate::kernel::{Kernel as Bulk, gemm, linear};
use crate::plan::{Item, Kernel, Plan};
use cranelift::codegen::ir::{FuncRef, UserFuncName};
use cranelift::codegen::isa::OwnedTargetIsa;
use cranelift::codegen::{Context, settings};
use cranelift::prelude::*;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};
use std::sync::{Mutex, OnceLock};

/// A compiled plan: a table of addresses and a table of sizes.
type Entry = unsafe extern "C" fn(*const Address, *const i64);

/// Executable memory that is freed when this value goes.
pub(super) struct Code {
    module: Mutex<Option<JITModule>>,
    entry: Entry,
}

impl Code {
    /// Runs the kernels.
    ///
    /// # Safety
    /// The tables must be laid out as `frame` says for the plan that was compiled, every address must be valid for as
    /// many elements as its array has for these sizes, and nothing else may use what is written.
    pub(super) unsafe fn run(&self, addresses: &[Address], sizes: &[i64]) {
        // SAFETY: the code was compiled for this signature and lives as long as `self`; the caller vouches for the rest.
        unsafe { (self.entry)(addresses.as_ptr(), sizes.as_ptr()) }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let module = match self.module.get_mut() {
            Ok(module) => module.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        if let Some(module) = module {
            // SAFETY: the only way to the code is `run`, which borrows `self`; nobody holds it any more.
            unsafe { module.free_memory() }
        }
    }
}

/// Compiles all kernels and an entry that runs them in order. Also gives the sizes that the code looks up, and the
/// text of the code if it is wanted.
pub(super) fn compile(plan: &Plan, mut text: Option<&mut String>) -> Result<(Code, Sizes), CompileError> {
    let isa = machine()?;
    let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
    for bulk in crate::kernel::ALL {
        builder.symbol(symbol(bulk, plan.precision), start_of(bulk, plan.precision));
    }
    let product: *const u8 = match plan.precision {
        Precision::F32 => gemm::gemm_f32 as *const u8,
        Precision::F64 => gemm::gemm_f64 as *const u8,
    };
    builder.symbol(GEMM, product);
    for algorithm in linear::ALGORITHMS {
        let start = match plan.precision {
            Precision::F32 => algorithm.f32 as *const u8,
            Precision::F64 => algorithm.f64 as *const u8,
        };
        builder.symbol(block_symbol(algorithm.name), start);
    }
    let mut module = JITModule::new(builder);
    let mut sizes = Sizes::default();
    let entry = define(&mut module, plan, &mut sizes, &mut text);
    let finished = entry.and_then(|entry| module.finalize_definitions().map(|()| entry).map_err(CompileError::of));
    match finished {
        Ok(entry) => {
            let start = module.get_finalized_function(entry);
            // SAFETY: the function was declared with exactly this signature in the default calling convention.
            let entry = unsafe { std::mem::transmute::<*const u8, Entry>(start) };
            Ok((Code { module: Mutex::new(Some(module)), entry }, sizes))
        }
        Err(e) => {
            // SAFETY: no function of the module was ever called.
            unsafe { module.free_memory() };
            Err(e)
        }
    }
}

const GEMM: &str = "nnc_gemm";

fn block_symbol(name: &str) -> String {
    format!("nnc_block_{name}")
}

fn symbol(bulk: &Bulk, precision: Precision) -> String {
    format!("nnc_{}_{}", bulk.name(), if precision == Precision::F32 { "f32" } else { "f64" })
}

fn start_of(bulk: &Bulk, precision: Precision) -> *const u8 {
    match (bulk, precision) {
        (Bulk::One { f32, .. }, Precision::F32) => *f32 as *const u8,
        (Bulk::One { f64, .. }, Precision::F64) => *f64 as *const u8,
        (Bulk::Two { f32, .. }, Precision::F32) => *f32 as *const u8,
        (Bulk::Two { f64, .. }, Precision::F64) => *f64 as *const u8,
    }
}

/// This machine, with the instructions it has.
fn machine() -> Result<OwnedTargetIsa, CompileError> {
    static MACHINE: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| {
        let mut flags = settings::builder();
        let checks = if cfg!(debug_assertions) { "true" } else { "false" };
        for (name, value) in [
            ("opt_level", "speed"),
            ("enable_verifier", checks),
            ("use_colocated_libcalls", "false"),
            ("is_pic", "false"),
            ("unwind_info", "false"),
        ] {
            flags.set(name, value).map_err(|e| e.to_string())?;
        }
        let host = cranelift_native::builder().map_err(str::to_string)?;
        host.finish(settings::Flags::new(flags)).map_err(|e| e.to_string())
    });
    machine.clone().map_err(CompileError::Machine)
}

fn define<M: Module>(
    module: &mut M,
    plan: &Plan,
    sizes: &mut Sizes,
    text: &mut Option<&mut String>,
) -> Result<FuncId, CompileError> {
    let pointer = AbiParam::new(types::I64);
    let mut signature = module.make_signature();
    signature.params.extend([pointer, pointer]);
    let mut context = module.make_context();
    let mut scratch = FunctionBuilderContext::new();
    let mut kernels = vec![];
    for kernel in &plan.kernels {
        let id = module.declare_anonymous_function(&signature).map_err(CompileError::of)?;
        context.func.signature = signature.clone();
        context.func.name = UserFuncName::user(0, id.as_u32());
        let imports = import(module, &mut context, kernel, plan)?;
        let builder = FunctionBuilder::new(&mut context.func, &mut scratch);
        Emitter::new(plan, kernel, sizes, builder, imports).finish(module.target_config());
        if let Some(text) = text {
            text.push_str(&format!("; {}\n{}\n", kernel.name, context.func.display()));
        }
        module.define_function(id, &mut context).map_err(CompileError::of)?;
        module.clear_context(&mut context);
        kernels.push(id);
    }
    let id = module.declare_anonymous_function(&signature).map_err(CompileError::of)?;
    context.func.signature = signature;
    context.func.name = UserFuncName::user(0, id.as_u32());
    let callees: Vec<FuncRef> = kernels.iter().map(|k| module.declare_func_in_func(*k, &mut context.func)).collect();
    let mut b = FunctionBuilder::new(&mut context.func, &mut scratch);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    b.seal_block(block);
    let args: Vec<Value> = b.block_params(block).to_vec();
    let mut main = Main { plan, sizes, callees, args, b };
    main.kernels(0, plan.kernels.len(), 0);
    main.b.ins().return_(&[]);
    main.b.finalize(module.target_config());
    module.define_function(id, &mut context).map_err(CompileError::of)?;
    module.clear_context(&mut context);
    Ok(id)
}

/// Declares the functions that a kernel calls.
fn import<M: Module>(
    module: &mut M,
    context: &mut Context,
    kernel: &Kernel,
    plan: &Plan,
) -> Result<Imports, CompileError> {
    let mut declare = |name: &str, params: usize| {
        let mut signature = module.make_signature();
        signature.params.extend(std::iter::repeat_n(AbiParam::new(types::I64), params));
        let id = module.declare_function(name, Linkage::Import, &signature).map_err(CompileError::of)?;
        Ok::<FuncRef, CompileError>(module.declare_func_in_func(id, &mut context.func))
    };
    let mut bulk = vec![];
    for call in &kernel.calls {
        let params = if matches!(call, Bulk::One { .. }) { 3 } else { 4 };
        bulk.push(declare(&symbol(call, plan.precision), params)?);
    }
    let gemm = if has_product(&kernel.body) { Some(declare(GEMM, 13)?) } else { None };
    let mut called = vec![];
    collect_blocks(&kernel.body, &mut called);
    let mut blocks = vec![];
    for block in called {
        blocks.push((block, declare(&block_symbol(block.name()), 5)?));
    }
    Ok(Imports { bulk, gemm, blocks })
}

fn has_product(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Product(_) => true,
        Item::Loop(l) => has_product(&l.body),
        Item::Strips { body, .. } => has_product(body),
        _ => false,
    })
}

fn collect_blocks(items: &[Item], out: &mut Vec<Block>) {
    for item in items {
        match item {
            Item::Block(call) if !out.contains(&call.block) => out.push(call.block),
            Item::Loop(l) => collect_blocks(&l.body, out),
            Item::Strips { body, .. } => collect_blocks(body, out),
            _ => {}
        }
    }
}
