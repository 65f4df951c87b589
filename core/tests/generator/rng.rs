//! A small reproducible source of randomness: SplitMix64.

/// Numbers that follow from a seed alone.
pub(crate) struct Rng(u64);

impl Rng {
    /// The source of the pair with this number in the run with this seed.
    pub(crate) fn new(seed: u64, pair: u64) -> Self {
        let mut mixed = Self(seed);
        Self(mixed.next() ^ pair.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// True so many times in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// One of these, each as often as the number beside it says.
    pub(crate) fn weighted<T: Copy>(&mut self, from: &[(usize, T)]) -> T {
        let mut at = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in from {
            if at < *weight {
                return *item;
            }
            at -= weight;
        }
        unreachable!("the weights were summed")
    }

    /// The text with the case of some letters changed.
    pub(crate) fn recase(&mut self, text: &str) -> String {
        text.chars()
            .map(|letter| match self.below(3) {
                0 => letter.to_ascii_uppercase(),
                1 => letter.to_ascii_lowercase(),
                _ => letter,
            })
            .collect()
    }

    /// The text with a piece replaced by a wildcard, so that it still matches.
    pub(crate) fn wildcard(&mut self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        if letters.is_empty() {
            return "*".into();
        }
        let from = self.below(letters.len());
        let (kept, wild, to) = match self.below(6) {
            4 => (from, "*?*", letters.len()),
            5 => (0, "**", from),
            0 => (from, "?", from + 1),
            1 => (from, "*", letters.len()),
            2 => (0, "*", from),
            _ => (from, "*", from + self.below(letters.len() - from + 1)),
        };
        let head: String = letters[..kept].iter().collect();
        let tail: String = letters[to..].iter().collect();
        [&head, wild, &tail].concat()
    }
}
