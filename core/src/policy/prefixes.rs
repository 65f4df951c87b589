//! Things filed under a text, found by any longer text that begins with it.
//!
//! Sorted, every text that begins with `p` stands behind `p` without a gap. So the last prefix that does not stand
//! behind a text leads, from each prefix to the longest other one that begins it, to all that begin the text: the cost
//! is one binary search and one step for each prefix found.

/// Items, each under its prefix.
#[derive(Debug)]
pub(crate) struct Prefixes<T> {
    /// Sorted, each prefix once.
    nodes: Box<[Node<T>]>,
}

#[derive(Debug)]
struct Node<T> {
    prefix: Box<str>,
    /// The longest other prefix that begins this one.
    shorter: Option<usize>,
    /// In the order in which they came.
    items: Box<[T]>,
}

impl<T> Prefixes<T> {
    /// The items under each prefix that begins a text, the longest prefix first.
    pub(crate) fn beginning<'s>(&'s self, text: &str) -> impl Iterator<Item = &'s [T]> {
        let behind = self.nodes.partition_point(|node| *node.prefix <= *text);
        let mut next = behind.checked_sub(1);
        let nodes = std::iter::from_fn(move || {
            let node = self.nodes.get(next?)?;
            next = node.shorter;
            Some(node)
        });
        nodes
            .skip_while(move |node| !text.starts_with(&*node.prefix))
            .map(|node| &*node.items)
    }

    /// All items, in the order of their prefixes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.nodes.iter().flat_map(|node| &node.items)
    }
}

impl<T> FromIterator<(Box<str>, T)> for Prefixes<T> {
    fn from_iter<I: IntoIterator<Item = (Box<str>, T)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Box<str>, T)> = pairs.into_iter().collect();
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut grouped: Vec<(Box<str>, Vec<T>)> = Vec::new();
        for (prefix, item) in pairs {
            match grouped.last_mut() {
                Some((known, items)) if *known == prefix => items.push(item),
                Some(_) | None => grouped.push((prefix, vec![item])),
            }
        }
        let mut nodes: Vec<Node<T>> = Vec::with_capacity(grouped.len());
        for (prefix, items) in grouped {
            let shorter = longest_beginning(&nodes, &prefix);
            nodes.push(Node {
                prefix,
                shorter,
                items: items.into(),
            });
        }
        Self {
            nodes: nodes.into(),
        }
    }
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self {
            nodes: Box::default(),
        }
    }
}

/// The longest prefix among the nodes before that begins this one.
fn longest_beginning<T>(before: &[Node<T>], prefix: &str) -> Option<usize> {
    let mut next = before.len().checked_sub(1);
    while let Some(node) = next.and_then(|at| before.get(at)) {
        if prefix.starts_with(&*node.prefix) {
            return next;
        }
        next = node.shorter;
    }
    None
}

/// Leaves out each prefix that another one begins: it adds nothing.
pub(crate) fn shortest<'t>(mut prefixes: Vec<&'t str>) -> Vec<&'t str> {
    prefixes.sort_unstable();
    let mut kept: Vec<&'t str> = Vec::new();
    for prefix in prefixes {
        if !kept
            .last()
            .is_some_and(|shorter| prefix.starts_with(shorter))
        {
            kept.push(prefix);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
