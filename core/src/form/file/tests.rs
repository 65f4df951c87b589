use super::*;

const BOUNDARY: &str = "multipart/form-data; boundary=xyz";

/// The file that is read of a body, alike in whole and in pieces of any size.
#[track_caller]
fn read(length: u64, body: &str) -> Result<String, FormError> {
    let pass = |size: usize| {
        let boundary = Boundary::parse(BOUNDARY).unwrap();
        let mut reader = FileReader::new(&boundary, length);
        let mut file = Vec::new();
        for piece in body.as_bytes().chunks(size) {
            file.extend_from_slice(&reader.feed(Bytes::copy_from_slice(piece))?);
        }
        reader.finish()?;
        Ok(String::from_utf8(file).unwrap())
    };
    let whole = pass(body.len().max(1));
    for size in 1..12 {
        assert_eq!(pass(size), whole, "in pieces of {size}");
    }
    whole
}

#[track_caller]
fn check(file: &str) {
    let body = format!("{file}\r\n--xyz--\r\n");
    assert_eq!(read(file.len() as u64, &body), Ok(file.to_owned()));
}

#[test]
fn a_file_may_hold_anything_but_the_boundary() {
    for file in [
        "",
        "bytes",
        "\r",
        "\r\n--xy",
        "\r\r\n--xy\r\n--xy",
        "--xyz",
        "\n--xyz\r\n-",
        "\r\n-\r\n--\r\n--x",
    ] {
        check(file);
    }
}

#[test]
fn t17_a_part_behind_the_file_is_found_wherever_it_begins() {
    for file in ["", "a", "\r\n--xy", "\r\n--xy\r"] {
        let body = format!(
            "{file}\r\n--xyz\r\nContent-Disposition: form-data; name=\"acl\"\r\n\r\nx\r\n--xyz--\r\n"
        );
        let length = body.len() as u64 - "\r\n--xyz--\r\n".len() as u64;
        assert_eq!(read(length, &body), Err(FormError::NotLast), "{file:?}");
    }
    // As long as it could be: what follows the closing boundary is nobody's.
    assert_eq!(
        read(11, "bytes\r\n--xyz--\r\nmore\r\n--xyz--\r\n"),
        Err(FormError::Unclosed)
    );
    assert_eq!(
        read(14, "a\r\n--xyz--\r\nb\r\n--xyz--\r\n"),
        Err(FormError::NotLast)
    );
}

#[test]
fn a_form_ends_as_it_must() {
    check("bytes");
    let refused = |length, body: &str| {
        assert_eq!(read(length, body), Err(FormError::Unclosed), "{body:?}");
    };
    refused(5, "bytes\r\n--xyz--");
    refused(3, "bytes\r\n--xyz--");
    refused(5, "bytes\r\n--xyz\r\n\r\n");
    refused(5, "bytes\r\n--xyy--\r\n");
    refused(5, "bytes\n--xyz--\r\n\r");
    refused(5, "bytes\r\n--xyz--\r\n\r\n");
    refused(5, "byt");
    refused(0, "");
}
