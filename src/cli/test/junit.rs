//! The report in JUnit's form, which continuous integration reads: a suite for each file, a case for each case.

use super::{Report, Tested, one_line};
use crate::config::Finding;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::{ElementWriter, Writer};
use std::collections::BTreeMap;
use std::io;

type Out = Writer<Vec<u8>>;

/// What is about one file.
#[derive(Default)]
struct Suite<'r> {
    tested: Vec<&'r Tested>,
    findings: Vec<&'r Finding>,
}

impl Suite<'_> {
    fn failed(&self) -> usize {
        let failed = self.tested.iter().filter(|tested| tested.reason.is_some());
        failed.count()
    }
}

/// One XML document.
pub(super) fn text(report: &Report) -> io::Result<String> {
    let mut suites = BTreeMap::<&str, Suite<'_>>::new();
    for tested in &report.tested {
        suites.entry(&tested.file).or_default().tested.push(tested);
    }
    for finding in &report.findings {
        let suite = suites.entry(&finding.file).or_default();
        suite.findings.push(finding);
    }
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 2);
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let numbers = [report.tested.len(), report.failed(), report.findings.len()];
    let all = counted(&mut out, "testsuites", "portcullis", numbers);
    all.write_inner_content(|out| {
        let mut suites = suites.iter();
        suites.try_for_each(|(file, suite)| write(out, file, suite))
    })?;
    let mut bytes = out.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn write(out: &mut Out, file: &str, suite: &Suite<'_>) -> io::Result<()> {
    let numbers = [suite.tested.len(), suite.failed(), suite.findings.len()];
    let element = counted(out, "testsuite", file, numbers);
    element.write_inner_content(|out| {
        suite
            .tested
            .iter()
            .try_for_each(|tested| case(out, tested))?;
        suite.findings.iter().try_for_each(|one| error(out, one))
    })?;
    Ok(())
}

/// An element with the numbers below it. What could not be run counts as a test, as JUnit has it.
fn counted<'o>(
    out: &'o mut Out,
    element: &'o str,
    name: &str,
    [tested, failed, errors]: [usize; 3],
) -> ElementWriter<'o, Vec<u8>> {
    out.create_element(element)
        .with_attribute(("name", &*one_line(name)))
        .with_attribute(("tests", &*(tested + errors).to_string()))
        .with_attribute(("failures", &*failed.to_string()))
        .with_attribute(("errors", &*errors.to_string()))
}

fn case(out: &mut Out, tested: &Tested) -> io::Result<()> {
    let element = out
        .create_element("testcase")
        .with_attribute(("name", &*one_line(&tested.name)))
        .with_attribute((
            "classname",
            &*one_line(tested.rule.as_deref().unwrap_or(&tested.file)),
        ))
        .with_attribute(("file", &*one_line(&tested.file)))
        .with_attribute(("line", &*tested.line.to_string()));
    let Some(reason) = &tested.reason else {
        element.write_empty()?;
        return Ok(());
    };
    let difference = tested.difference();
    element.write_inner_content(|out| {
        out.create_element("failure")
            .with_attribute(("message", &*difference))
            .write_text_content(BytesText::new(&format!("{difference}{reason}")))?;
        Ok(())
    })?;
    Ok(())
}

fn error(out: &mut Out, finding: &Finding) -> io::Result<()> {
    let message = one_line(&finding.message);
    out.create_element("testcase")
        .with_attribute(("name", "the file can be read"))
        .with_attribute(("classname", &*one_line(&finding.file)))
        .with_attribute(("file", &*one_line(&finding.file)))
        .with_attribute(("line", &*finding.line.to_string()))
        .write_inner_content(|out| {
            out.create_element("error")
                .with_attribute(("message", &*message))
                .write_text_content(BytesText::new(&one_line(&finding.to_string())))?;
            Ok(())
        })?;
    Ok(())
}
