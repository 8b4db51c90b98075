using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace SeamlessReboot;

public sealed partial class SessionConnection
{
    /// <summary>
    /// A wait for the socket to have bytes, which takes none of them: a receive into nothing. It may stay pending while the read
    /// that began it is suspended or cancelled, and serves the next one. One per connection, used again and again.
    /// </summary>
    private sealed class InputWait : SocketAsyncEventArgs, IValueTaskSource, IValueTaskSource<ReadResult>
    {
        private readonly SessionConnection _connection;
        private ManualResetValueTaskSourceCore<bool> _read;

        internal InputWait(SessionConnection connection)
            : base(true) // the session's own execution context flows with its await
        {
            _connection = connection;
            SetBuffer(Memory<byte>.Empty);
        }

        internal ValueTask BeginRead()
        {
            _read.Reset();
            return new ValueTask(this, _read.Version);
        }

        /// <summary>The same read, for who wants the input with its end.</summary>
        internal ValueTask<ReadResult> WithResult() => new(this, _read.Version);

        /// <summary>To be called outside of the connection's lock: the session may go on inside of it.</summary>
        internal void EndRead(Exception? failure, bool elsewhere)
        {
            _read.RunContinuationsAsynchronously = elsewhere;
            if (failure is null)
                _read.SetResult(true);
            else
                _read.SetException(failure);
        }

        public void GetResult(short token) => _read.GetResult(token);

        ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
        {
            _read.GetResult(token);
            return _connection._reader.Result();
        }

        public ValueTaskSourceStatus GetStatus(short token) => _read.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _read.OnCompleted(continuation, state, token, flags);

        protected override void OnCompleted(SocketAsyncEventArgs e) => _connection.OnReadable();
    }
}
