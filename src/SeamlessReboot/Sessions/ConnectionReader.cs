using System.Buffers;
using System.IO.Pipelines;

namespace SeamlessReboot;

public sealed partial class SessionConnection
{
    /// <summary>The unread input as a <see cref="PipeReader"/>, straight from the connection's one buffer.</summary>
    private sealed class ConnectionReader(SessionConnection connection) : PipeReader
    {
        private ReadOnlySequence<byte> _handedOut;

        public override bool TryRead(out ReadResult result)
        {
            lock (connection._gate)
            {
                bool any = connection.MayReadEndAtOnce && connection.TryReceive();
                result = any ? Result() : default;
                return any;
            }
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            ValueTask wait = connection.WaitForInputAsync(cancellationToken);
            if (wait.IsCompletedSuccessfully)
                return new ValueTask<ReadResult>(Result());
            if (wait.IsCanceled)
                return ValueTask.FromCanceled<ReadResult>(cancellationToken);
            return wait.IsFaulted ? ValueTask.FromException<ReadResult>(connection._readFailure!) : connection.InputReady.WithResult();
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            lock (connection._gate)
            {
                int examinedLength = (int)_handedOut.Slice(0, examined).Length;
                int start = connection._inStart;
                connection.Consume((int)_handedOut.Slice(0, consumed).Length);
                if (connection._inEnd > 0)
                    connection._examined = Math.Max(connection._inStart, start + examinedLength);
                _handedOut = default;
            }
        }

        public override void CancelPendingRead()
        {
            lock (connection._gate)
                connection._readCanceled = true;
            connection.WakeReader();
        }

        public override void Complete(Exception? exception = null)
        {
            // Reading has ended; the connection is closed by its owner.
        }

        internal ReadResult Result()
        {
            lock (connection._gate)
            {
                bool canceled = connection._readCanceled;
                connection._readCanceled = false;
                int length = connection._closing ? 0 : connection._inEnd - connection._inStart; // after a close it is for nobody
                _handedOut = new ReadOnlySequence<byte>(connection._in, connection._inStart, length);
                return new ReadResult(_handedOut, canceled, connection.ComesNoMore);
            }
        }
    }
}
