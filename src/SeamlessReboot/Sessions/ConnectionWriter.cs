using System.Buffers;
using System.IO.Pipelines;

namespace SeamlessReboot;

public sealed partial class SessionConnection
{
    /// <summary>The output as a <see cref="PipeWriter"/>.</summary>
    private sealed class ConnectionWriter(SessionConnection connection) : PipeWriter
    {
        private byte[] _staged = [];
        private int _length;
        private bool _flushCanceled;
        private TaskCompletionSource? _flushWaiting;

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _length;

        internal ReadOnlyMemory<byte> Unflushed => _staged.AsMemory(0, _length);

        public override void Advance(int bytes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bytes);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _staged.Length - _length);
            _length += bytes;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            int needed = _length + Math.Max(sizeHint, 256);
            if (_staged.Length < needed)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(needed);
                Unflushed.Span.CopyTo(larger);
                Release();
                _staged = larger;
            }

            return _staged.AsMemory(_length);
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            ValueTask write;
            lock (connection._gate)
            {
                HandOver();
                write = _flushCanceled ? default : connection.WriteAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);
                if (write.IsCompletedSuccessfully)
                    return new ValueTask<FlushResult>(Result());
                _flushWaiting = NewSource();
            }

            return FinishAsync(write.AsTask(), _flushWaiting.Task);
        }

        public override void CancelPendingFlush()
        {
            lock (connection._gate)
            {
                _flushCanceled = true;
                _flushWaiting?.TrySetResult();
            }
        }

        public override void Complete(Exception? exception = null)
        {
            lock (connection._gate)
                if (exception is null)
                    HandOver();
        }

        // Under the connection's lock, so that a capture sees these bytes here or in the queue and never in both.
        private void HandOver()
        {
            connection.Accept(Unflushed.Span);
            _length = 0;
            Release();
        }

        private async ValueTask<FlushResult> FinishAsync(Task write, Task canceled)
        {
            await (await Task.WhenAny(write, canceled).ConfigureAwait(false)).ConfigureAwait(false);
            lock (connection._gate)
                return Result();
        }

        private FlushResult Result()
        {
            bool canceled = _flushCanceled;
            _flushCanceled = false;
            _flushWaiting = null;
            return new FlushResult(canceled, isCompleted: connection._failed || connection._closing);
        }

        private void Release()
        {
            if (_staged.Length > 0 && _length == 0)
                ArrayPool<byte>.Shared.Return(_staged);
            _staged = _length == 0 ? [] : _staged;
        }
    }
}
