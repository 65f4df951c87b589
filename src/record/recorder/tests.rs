use super::*;
use crate::record::tests::draft;
use crate::record::{Ending, finish};
use std::io::{ErrorKind, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

const PATIENT: Duration = Duration::from_secs(60);

fn counter() -> IntCounter {
    IntCounter::new("dropped", "records dropped").unwrap()
}

fn file(format: Format, path: &std::path::Path) -> Sink {
    Sink {
        format,
        to: Destination::File(path.to_owned()),
    }
}

#[test]
fn every_sink_gets_every_record_once() {
    let directory = tempfile::tempdir().unwrap();
    let (access, json) = (
        directory.path().join("access"),
        directory.path().join("json"),
    );
    let sinks = [file(Format::AccessLog, &access), file(Format::Json, &json)];
    let recorder = Recorder::open(&sinks, &counter()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    recorder.write(&finish(draft(), Ending::Answered));
                }
            });
        }
    });
    recorder.flush(PATIENT).unwrap();
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&access), lines(&json)), (2000, 2000));
}

#[test]
fn dropping_the_recorder_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access");
    for round in 1..=3 {
        let recorder = Recorder::open(&[file(Format::AccessLog, &path)], &counter()).unwrap();
        recorder.write(&finish(draft(), Ending::Answered));
        drop(recorder);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap().lines().count(),
            round
        );
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777 & !0o640, 0, "{mode:o}");
}

#[test]
fn records_after_the_stop_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let dropped = counter();
    let sinks = [file(Format::Json, &directory.path().join("json"))];
    let recorder = Recorder::open(&sinks, &dropped).unwrap();
    recorder.stop(PATIENT).unwrap();
    recorder.write(&finish(draft(), Ending::Answered));
    assert_eq!(dropped.get(), 1);
}

#[track_caller]
fn check_refused(sinks: &[Sink], message: &str) {
    let error = Recorder::open(sinks, &counter()).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn one_place_takes_one_sink() {
    let stdout = |format| Sink {
        format,
        to: Destination::Stdout,
    };
    check_refused(
        &[stdout(Format::Json), stdout(Format::AccessLog)],
        "only one record sink may write to standard output",
    );
    let path = std::path::Path::new("/nonexistent/log");
    check_refused(
        &[file(Format::Json, path), file(Format::AccessLog, path)],
        "two record sinks write to `/nonexistent/log`",
    );
    check_refused(
        &[file(Format::Json, path)],
        "cannot open `/nonexistent/log` for records",
    );
    assert!(Recorder::open(&[stdout(Format::Json)], &counter()).is_ok());
    assert!(Recorder::open(&[], &counter()).is_ok());
}

/// A sink that does as told: each write waits for one answer.
struct Told {
    answers: Receiver<Result<usize, ErrorKind>>,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self
            .answers
            .recv()
            .unwrap_or(Ok(usize::MAX))?
            .min(bytes.len());
        self.taken
            .lock()
            .unwrap()
            .extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Tell = Sender<Result<usize, ErrorKind>>;

fn told(dropped: &IntCounter) -> (Queue, Tell, Arc<Mutex<Vec<u8>>>) {
    let (tell, answers) = channel();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sink = Told {
        answers,
        taken: Arc::clone(&taken),
    };
    (Queue::start(sink, dropped.clone()).unwrap(), tell, taken)
}

#[test]
fn a_blocked_sink_bounds_memory_and_counts_what_it_drops() {
    let dropped = counter();
    let (queue, tell, taken) = told(&dropped);
    let record = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        queue.push(&record);
    }
    assert_eq!(dropped.get(), 12, "8 MiB may wait");
    drop(tell);
    assert_eq!(queue.flush(PATIENT), 0);
    assert_eq!(taken.lock().unwrap().len(), LIMIT);
    queue.push(&record);
    assert_eq!(dropped.get(), 12, "there is room again");
    queue.close();
    assert_eq!(queue.end(PATIENT), 0);
}

#[test]
fn a_sink_that_fails_is_tried_again_from_the_byte_it_failed_at() {
    let dropped = counter();
    let (queue, tell, taken) = told(&dropped);
    queue.push(b"first line\nsecond line\n");
    for answer in [
        Ok(6),
        Err(ErrorKind::Interrupted),
        Err(ErrorKind::StorageFull),
        Ok(2),
    ] {
        tell.send(answer).unwrap();
    }
    drop(tell);
    assert_eq!(queue.flush(PATIENT), 0);
    assert_eq!(&*taken.lock().unwrap(), b"first line\nsecond line\n");
    assert_eq!(dropped.get(), 0);
}

#[test]
fn a_sink_that_fails_at_the_end_is_given_up_and_counted() {
    let dropped = counter();
    let (queue, tell, _) = told(&dropped);
    queue.push(b"one\n");
    queue.push(b"two\n");
    queue.close();
    tell.send(Err(ErrorKind::StorageFull)).unwrap();
    assert_eq!(queue.end(PATIENT), 2);
    assert_eq!(dropped.get(), 2);
    assert_eq!(queue.end(PATIENT), 2);
    assert_eq!(dropped.get(), 2, "counted once");
}

#[test]
fn a_sink_that_blocks_at_the_end_is_waited_for_only_so_long() {
    let dropped = counter();
    let (queue, tell, _) = told(&dropped);
    queue.push(b"one\n");
    queue.close();
    assert_eq!(queue.end(Duration::from_millis(1)), 1);
    assert_eq!(dropped.get(), 1);
    drop(tell);
}

#[test]
fn a_pipe_without_a_reader_does_not_stop_the_request_path() {
    let (mut reader, writer) = io::pipe().unwrap();
    let dropped = counter();
    let queue = Queue::start(writer, dropped.clone()).unwrap();
    let line = [b'x'; 1023]
        .iter()
        .chain(b"\n")
        .copied()
        .collect::<Vec<_>>();
    for _ in 0..10_000 {
        queue.push(&line);
    }
    assert!(dropped.get() > 0);
    queue.close();
    let read = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        all.len() as u64 / 1024
    });
    assert_eq!(queue.end(PATIENT), 0);
    assert_eq!(read.join().unwrap() + dropped.get(), 10_000);
}
