use super::*;

const TYPE: &str = "multipart/form-data; boundary=xyz";

fn part(name: &str, value: &str) -> String {
    format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(name: &str, bytes: &str) -> String {
    format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n\
         {bytes}\r\n--xyz--\r\n"
    )
}

/// The fields and the file of a body, alike in whole and byte by byte.
#[track_caller]
fn read(body: &str) -> Result<(Form, String), FormError> {
    let pass = |size: usize| {
        let boundary = Boundary::parse(TYPE).unwrap();
        let end = boundary.end();
        let mut reader = FormReader::new(boundary);
        let mut pieces = body.as_bytes().chunks(size.max(1));
        while let Some(piece) = pieces.next() {
            if let Progress::File { form, before, rest } = reader.feed(piece)? {
                let mut whole = rest.to_vec();
                pieces.for_each(|piece| whole.extend_from_slice(piece));
                assert_eq!(before as usize + whole.len(), body.len());
                let bytes = whole.strip_suffix(end.as_slice()).unwrap_or(&whole);
                return Ok((form, String::from_utf8_lossy(bytes).into_owned()));
            }
        }
        Err(reader.unfinished())
    };
    let whole = pass(body.len());
    for size in [1, 2, 7] {
        assert_eq!(pass(size), whole, "in pieces of {size}");
    }
    whole
}

#[track_caller]
fn refused(body: &str, error: FormError) {
    let start: String = body.chars().take(200).collect();
    assert!(read(body).map(drop) == Err(error), "{start:?}");
}

#[test]
fn fields_come_before_the_file() {
    let body = part("Key", "user/eric/a.txt")
        + &part("x-amz-meta-uuid", "14\r\n--xy")
        + &file("a.txt", "bytes\r\n--x");
    let (form, bytes) = read(&body).unwrap();
    assert_eq!(form.get("key"), Some("user/eric/a.txt"));
    assert_eq!(form.get("x-amz-meta-uuid"), Some("14\r\n--xy"));
    assert_eq!(form.get("Key"), None);
    assert_eq!(bytes, "bytes\r\n--x");
    let names: Vec<&str> = form.fields().map(|(name, _)| name).collect();
    assert_eq!(names, ["key", "x-amz-meta-uuid"]);
}

#[test]
fn the_files_name_stands_for_its_variable_but_not_in_the_policy() {
    let with = |name: &str| {
        let body = part("key", "up/${filename}/${filename}")
            + &part("policy", "${filename}")
            + &file(name, "x");
        let (form, _) = read(&body).unwrap();
        assert_eq!(form.get("policy"), Some("${filename}"));
        form.get("key").unwrap().to_owned()
    };
    assert_eq!(with("a.txt"), "up/a.txt/a.txt");
    assert_eq!(with("C:\\dir\\a.txt"), "up/a.txt/a.txt");
    assert_eq!(with("dir/a.txt"), "up/a.txt/a.txt");
    assert_eq!(with("say \\\"a\\\".txt"), "up/say \"a\".txt/say \"a\".txt");
    assert_eq!(with("${filename}"), "up/${filename}/${filename}");
    let unnamed = "--xyz\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n--xyz--\r\n";
    let (form, _) = read(&(part("key", "${filename}") + unnamed)).unwrap();
    assert_eq!(form.get("key"), Some("${filename}"));
}

#[test]
fn a_form_without_file_or_with_broken_parts_is_refused() {
    refused("", FormError::NoFile);
    refused(&(part("key", "a") + "--xyz--\r\n"), FormError::NoFile);
    let cut = FormError::Malformed("it ends within a part");
    refused(&part("key", "a"), cut.clone());
    refused("--xyz\r\nContent-Disposition: form-data; name=\"fi", cut);
    refused(
        "--other\r\n",
        FormError::Malformed("it does not begin with its boundary"),
    );
    refused(
        "--xyzz\r\n",
        FormError::Malformed("a boundary is followed by something else"),
    );
    let unnamed = FormError::Malformed("a part has no Content-Disposition with a name");
    refused(
        "--xyz\r\nContent-Type: text/plain\r\n\r\nx",
        unnamed.clone(),
    );
    refused(
        "--xyz\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx",
        unnamed.clone(),
    );
    refused(
        "--xyz\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx",
        unnamed,
    );
    let twice = "Content-Disposition: form-data; name=\"a\"\r\n".repeat(2);
    refused(
        &format!("--xyz\r\n{twice}\r\nx"),
        FormError::Malformed("a part has two Content-Dispositions"),
    );
}

#[test]
fn a_field_that_comes_twice_is_refused_whatever_its_case() {
    let twice = part("key", "a") + &part("KEY", "b") + &file("a", "x");
    refused(&twice, FormError::Repeated("key".to_owned()));
}

#[test]
fn a_field_that_is_no_text_is_refused() {
    let mut reader = FormReader::new(Boundary::parse(TYPE).unwrap());
    let mut body = (part("key", "?") + &file("a", "x")).into_bytes();
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    body[at] = 0xff;
    let refused = reader.feed(&body);
    assert_eq!(refused, Err(FormError::NotText("key".to_owned())));
}

#[test]
fn what_stands_before_the_file_is_bounded() {
    let around = part("key", "").len() + file("a", "").len() - "\r\n--xyz--\r\n".len();
    let most = MOST_BEFORE_FILE - around;
    let long = |length| part("key", &"a".repeat(length)) + &file("a", &"x".repeat(100_000));
    assert!(read(&long(most)).is_ok());
    refused(&long(most + 1), FormError::TooLarge);
    refused(
        &format!("--xyz\r\n{}", "a".repeat(30_000)),
        FormError::TooLarge,
    );
}

#[test]
fn only_multipart_form_data_with_a_boundary_is_a_form() {
    for good in [
        "multipart/form-data; boundary=xyz",
        "Multipart/Form-Data;boundary=\"xyz\"",
        "multipart/form-data; charset=utf-8; Boundary=xyz",
    ] {
        assert!(Boundary::parse(good).is_ok(), "{good}");
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    for bad in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=xyz",
        "text/plain",
        "",
        &long,
    ] {
        assert_eq!(Boundary::parse(bad), Err(FormError::NotMultipart), "{bad}");
    }
}
