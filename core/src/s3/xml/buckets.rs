//! The answer of ListBuckets.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>

use super::{BadXml, Element, Writer};
use bytes::Bytes;

/// `ListAllMyBucketsResult`: one page of buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketList {
    /// Who owns them.
    pub owner: Option<BucketOwner>,
    /// In the order written, which is by name.
    pub buckets: Vec<Bucket>,
    /// Where the next page begins; none on the last one.
    pub continuation_token: Option<String>,
    /// The prefix that was asked for.
    pub prefix: Option<String>,
}

/// The owner of listed buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketOwner {
    /// The canonical id.
    pub id: String,
    /// A name for display; AWS has stopped sending it.
    pub display_name: Option<String>,
}

/// One listed bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Its name, as the upstream wrote it.
    pub name: String,
    /// When it was made, as the upstream wrote it (ISO 8601).
    pub creation_date: Option<String>,
    /// Its region; only in listings that were asked with parameters.
    pub region: Option<String>,
}

/// Which part of a list of buckets is asked for.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketPage {
    /// Names begin with this.
    pub prefix: Option<String>,
    /// In this region.
    pub region: Option<String>,
    /// At most so many; 1 to 10,000.
    pub max: Option<usize>,
    /// Names come after this one.
    pub after: Option<String>,
}

impl BucketList {
    /// The part of a list, sorted by name, that is asked for. Regions are named only to who asked for a part.
    pub fn page(mut self, page: &BucketPage) -> Self {
        let wanted = |bucket: &Bucket| {
            page.prefix
                .as_ref()
                .is_none_or(|prefix| bucket.name.starts_with(prefix))
                && page
                    .region
                    .as_ref()
                    .is_none_or(|region| bucket.region.as_ref() == Some(region))
                && page.after.as_ref().is_none_or(|after| bucket.name > *after)
        };
        self.buckets.retain(wanted);
        self.buckets.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(max) = page.max.filter(|max| *max < self.buckets.len()) {
            self.buckets.truncate(max);
            self.continuation_token = self.buckets.last().map(|last| last.name.clone());
        }
        if *page == BucketPage::default() {
            self.buckets
                .iter_mut()
                .for_each(|bucket| bucket.region = None);
        }
        self.prefix.clone_from(&page.prefix);
        self
    }

    /// Reads the upstream's document.
    pub fn parse(document: &[u8]) -> Result<Self, BadXml> {
        let root = Element::of_answer(document)?;
        if root.name != "ListAllMyBucketsResult" {
            return Err(BadXml::Schema);
        }
        let buckets = root
            .children_named("Buckets")
            .flat_map(|list| list.children_named("Bucket"));
        Ok(Self {
            owner: root.children_named("Owner").next().map(BucketOwner::read),
            buckets: buckets.map(Bucket::read).collect(),
            continuation_token: root.member("ContinuationToken"),
            prefix: root.member("Prefix"),
        })
    }

    /// Writes the document, for the client.
    pub fn to_xml(&self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("ListAllMyBucketsResult");
        if let Some(owner) = &self.owner {
            xml.open("Owner")
                .leaf("ID", &owner.id)
                .optional("DisplayName", owner.display_name.as_deref())
                .close("Owner");
        }
        xml.open("Buckets");
        for bucket in &self.buckets {
            xml.open("Bucket")
                .leaf("Name", &bucket.name)
                .optional("CreationDate", bucket.creation_date.as_deref())
                .optional("BucketRegion", bucket.region.as_deref())
                .close("Bucket");
        }
        xml.close("Buckets")
            .optional("ContinuationToken", self.continuation_token.as_deref())
            .optional("Prefix", self.prefix.as_deref())
            .close("ListAllMyBucketsResult");
        xml.finish()
    }
}

impl BucketOwner {
    fn read(element: &Element) -> Self {
        Self {
            id: element.member("ID").unwrap_or_default(),
            display_name: element.member("DisplayName"),
        }
    }
}

impl Bucket {
    fn read(element: &Element) -> Self {
        Self {
            name: element.member("Name").unwrap_or_default(),
            creation_date: element.member("CreationDate"),
            region: element.member("BucketRegion"),
        }
    }
}
