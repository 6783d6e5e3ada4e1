use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

/// A body that says nothing of its size, and has its frames only when `pending` polls have passed before each.
#[derive(Debug)]
struct Slow {
    frames: VecDeque<Bytes>,
    pending: u8,
    waits: u8,
    exact: Option<u64>,
}

impl Body for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.waits < self.pending {
            self.waits += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waits = 0;
        let frame = self.frames.pop_front();
        self.exact = self.exact.map(|left| left - frame.as_ref().map_or(0, |frame| frame.len() as u64));
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn read_all(body: AuditBody<Slow>) -> Vec<Bytes> {
    let mut body = Box::pin(body);
    let mut frames = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        frames.extend(frame.unwrap().into_data());
        let left: u64 = body.size_hint().exact().unwrap_or_default();
        assert!(left == 0 || !body.is_end_stream());
    }
    frames
}

proptest! {
    #[test]
    fn a_body_is_handed_on_frame_by_frame_however_much_of_it_was_seen(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..8),
        pending in 0..3_u8,
        tells_size in any::<bool>(),
        limit in 0..100_usize,
    ) {
        let frames: Vec<Bytes> = frames.into_iter().map(Bytes::from).collect();
        let len: usize = frames.iter().map(Bytes::len).sum();
        let slow = || Slow {
            frames: frames.clone().into(),
            pending,
            waits: 0,
            exact: tells_size.then_some(len as u64),
        };
        let (body, tee) = run(AuditBody::begin(slow(), limit));
        let begun = tee.collected();
        if tells_size {
            prop_assert_eq!(body.size_hint().exact(), Some(len as u64));
        }
        let full = |frames: &[Bytes]| frames.iter().filter(|frame| !frame.is_empty()).cloned().collect::<Vec<_>>();
        prop_assert_eq!(full(&run(read_all(body))), full(&frames));
        prop_assert!(pending > 0 || !matches!(begun, Collected::Partial));
        for seen in [begun, tee.collected()] {
            match seen {
                Collected::Whole(bytes) => prop_assert!(bytes == frames.concat() && len <= limit),
                Collected::TooLarge => prop_assert!(len > limit),
                Collected::Partial => prop_assert!(pending > 0),
            }
        }
        prop_assert!(!matches!(tee.collected(), Collected::Partial));

        let tee = Tee::new(limit);
        prop_assert_eq!(&run(read_all(AuditBody::with_tee(slow(), tee.clone()))), &frames);
        match tee.collected() {
            Collected::Whole(bytes) => prop_assert!(bytes == frames.concat() && len <= limit),
            Collected::TooLarge => prop_assert!(len > limit),
            Collected::Partial => prop_assert!(false),
        }
    }
}
