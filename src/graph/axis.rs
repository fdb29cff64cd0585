//! Axes and ordered sets of them.
//!
//! Reads extents. Must not know nodes.

use super::extent::ExtentId;
use smallvec::SmallVec;

/// The `ordinal`-th index variable that runs over `0..extent`. User names are hints kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axis {
    /// Its range.
    pub extent: ExtentId,
    /// Tells apart the axes of one extent.
    pub ordinal: u16,
}

/// A sorted set of axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct AxisSet(SmallVec<[Axis; 4]>);

impl AxisSet {
    /// The empty set.
    pub fn new() -> AxisSet {
        AxisSet::default()
    }

    /// Whether the axis is in the set.
    pub fn contains(&self, axis: Axis) -> bool {
        self.0.contains(&axis)
    }

    /// Adds an axis.
    pub fn insert(&mut self, axis: Axis) {
        if let Err(at) = self.0.binary_search(&axis) {
            self.0.insert(at, axis);
        }
    }

    /// Both sets together.
    pub fn union(&self, other: &AxisSet) -> AxisSet {
        let mut out = self.clone();
        for a in &other.0 {
            out.insert(*a);
        }
        out
    }

    /// This set without the other.
    pub fn minus(&self, other: &AxisSet) -> AxisSet {
        AxisSet(self.0.iter().copied().filter(|a| !other.contains(*a)).collect())
    }

    /// The common axes.
    pub fn intersection(&self, other: &AxisSet) -> AxisSet {
        AxisSet(self.0.iter().copied().filter(|a| other.contains(*a)).collect())
    }

    /// Whether there is any common axis.
    pub fn intersects(&self, other: &AxisSet) -> bool {
        self.0.iter().any(|a| other.contains(*a))
    }

    /// Whether all axes are in the other set.
    pub fn is_subset(&self, other: &AxisSet) -> bool {
        self.0.iter().all(|a| other.contains(*a))
    }

    /// In order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Axis> + '_ {
        self.0.iter().copied()
    }

    /// In order.
    pub fn as_slice(&self) -> &[Axis] {
        &self.0
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// None.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Axis> for AxisSet {
    fn from_iter<T: IntoIterator<Item = Axis>>(axes: T) -> AxisSet {
        let mut set = AxisSet::new();
        for a in axes {
            set.insert(a);
        }
        set
    }
}
