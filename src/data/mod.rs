//! Data: tables from files, what a `data` block makes of their columns, and how rows are split.
//!
//! Reads syntax trees of `data` blocks, files, and what the caller says its ports need. Must not know graphs,
//! functions or training. `docs/data.md` is the manual of this module.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use nnc::data::{CsvOptions, Table};
//! let table = Table::parse_csv("rates.csv", b"conc,rate\n0.02,76\n0.06,97\n", &CsvOptions::default())?;
//! assert_eq!((table.rows(), table.columns()), (2, 2));
//! assert_eq!(table.cell(1, 0), "0.06");
//! # Ok(())
//! # }
//! ```

mod array;
mod columns;
mod constant;
mod csv;
mod error;
mod evaluate;
mod expression;
mod load;
mod ports;
mod rows;
mod settings;
mod source;
mod spec;
mod split;
mod statistics;
mod table;
mod text;
mod unpack;

pub use csv::CsvOptions;
pub use error::{DataError, LoadError, RowPlace};
pub use load::{DataSet, Overrides, PortData, Values, load_start};
pub use ports::{Extent, PortKind, RowPort};
pub use settings::{Encoding, Missing, Settings};
pub use spec::DataSpec;
pub use split::Splits;
pub use statistics::Statistics;
pub use table::Table;
