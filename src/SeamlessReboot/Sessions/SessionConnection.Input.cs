using System.Buffers;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

public sealed partial class SessionConnection
{
    private const int SmallestBuffer = 4096;
    private readonly ConnectionReader _reader;
    private byte[] _in = [];
    private int _inStart;
    private int _inEnd;
    private int _examined; // up to here the reader has seen the input and wants more
    private bool _inputEnded;
    private bool _reading; // a read waits: the session is at a safe point
    private bool _readCanceled;
    private TaskCompletionSource? _quiet; // somebody waits for the session to be at a safe point
    private bool _watching; // a receive into nothing is pending
    private InputWait? _inputReady;
    private CancellationToken _readToken;
    private CancellationTokenRegistration _readRegistration;
    private Exception? _readFailure;

    private InputWait InputReady => _inputReady ??= new InputWait(this);

    private bool HasNewInput => _inEnd > _examined;

    private bool ComesNoMore => _inputEnded || _closing;

    // Once a connection is closed no read of it waits. Only one that waited already stays: it has been reported as a safe point.
    private bool MayReadEndAtOnce => _flow == Flow.Running || (_flow == Flow.Suspended && _closing);

    /// <summary>Whether the session stands at a read, which a suspension holds there.</summary>
    internal bool IsReading
    {
        get
        {
            lock (_gate)
                return _reading;
        }
    }

    private void Consume(int count)
    {
        _inStart += count;
        _examined = _inStart;
        if (_inStart == _inEnd)
            ReturnInput();
    }

    // An idle connection holds no buffer.
    private void ReturnInput()
    {
        if (_in.Length > 0)
            ArrayPool<byte>.Shared.Return(_in);
        _in = [];
        _inStart = _inEnd = _examined = 0;
    }

    private void PutInput(ReadOnlySpan<byte> unread)
    {
        if (unread.IsEmpty)
            return;
        _in = ArrayPool<byte>.Shared.Rent(Math.Max(unread.Length, SmallestBuffer));
        unread.CopyTo(_in);
        _inEnd = unread.Length;
    }

    /// <summary>
    /// Completes when there is input that has not been examined, or the input is over, or the read was cancelled. Until then the
    /// session is at a safe point; and while it is suspended, nothing ends the wait.
    /// </summary>
    private ValueTask WaitForInputAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            RequireNoRead();
            _readToken = cancellationToken;
            if (MayReadEndAtOnce && TryEndRead())
                return _readFailure switch
                {
                    null => ValueTask.CompletedTask,
                    OperationCanceledException => ValueTask.FromCanceled(cancellationToken),
                    _ => ValueTask.FromException(_readFailure),
                };
            _reading = true;
            ValueTask wait = InputReady.BeginRead();
            SayQuiet();
            _readRegistration = cancellationToken.UnsafeRegister(static c => ((SessionConnection)c!).WakeReader(), this);
            return wait;
        }
    }

    /// <summary>Whether the read has an end: input, no more input, a cancellation, a message too long. If not, the socket is watched.</summary>
    private bool TryEndRead()
    {
        while (true)
        {
            _readFailure = _readToken.IsCancellationRequested ? new OperationCanceledException(_readToken) : null;
            if (_readFailure is not null || HasNewInput || ComesNoMore || _readCanceled)
                return true;
            if (IsInputFull)
            {
                _readFailure = CloseForTooLong() ? null : TooLong();
                return true;
            }

            if (_watching)
                return false;
            try
            {
                _watching = Socket.ReceiveAsync(InputReady);
            }
            catch (ObjectDisposedException)
            {
                _inputEnded = true; // somebody has closed our socket
                continue;
            }

            if (_watching)
                return false;
            Receive();
        }
    }

    private bool IsInputFull => _inEnd - _inStart >= _options.InputLimit;

    private InvalidDataException TooLong() => new($"The client has sent {_inEnd - _inStart} bytes without completing a message. "
        + "If that is no abuse, raise SessionConnectionOptions.InputLimit.");

    /// <summary>Whether the client is disconnected for it, and the input over by that.</summary>
    private bool CloseForTooLong()
    {
        if (_options.CloseAtLimits)
            CloseAtOnce();
        return _options.CloseAtLimits;
    }

    private void RequireNoRead()
    {
        if (_reading)
            throw new InvalidOperationException("A read was begun while another one waits. A connection has one reader at a time.");
    }

    private void OnReadable()
    {
        bool ended;
        lock (_gate)
        {
            _watching = false;
            if (!_reading || _flow != Flow.Running)
                return; // the bytes stay in the kernel
            Receive();
            ended = TryEndRead();
            _reading = !ended;
        }

        if (ended)
            EndRead(elsewhere: false);
    }

    private void WakeReader()
    {
        bool ended;
        lock (_gate)
        {
            ended = _reading && _flow == Flow.Running && TryEndRead();
            if (ended)
                _reading = false;
        }

        if (ended)
            EndRead(elsewhere: true);
    }

    private void EndRead(bool elsewhere)
    {
        _readRegistration.Unregister();
        InputReady.EndRead(_readFailure, elsewhere);
    }

    private void Receive()
    {
        MakeRoom();
        int room = Math.Min(_in.Length - _inEnd, _options.InputLimit - (_inEnd - _inStart));
        int count = SocketBytes.Receive(Socket, _in.AsSpan(_inEnd, room));
        if (count > 0)
            _inEnd += count;
        else if (count != -1)
            _inputEnded = true;
        if (_inStart == _inEnd)
            ReturnInput();
    }

    private void MakeRoom()
    {
        if (_in.Length == 0)
        {
            _in = ArrayPool<byte>.Shared.Rent(SmallestBuffer);
        }
        else if (_inEnd == _in.Length)
        {
            byte[] old = _in;
            int length = _inEnd - _inStart;
            if (length > old.Length / 2)
                _in = ArrayPool<byte>.Shared.Rent(old.Length * 2);
            old.AsSpan(_inStart, length).CopyTo(_in);
            if (old != _in)
                ArrayPool<byte>.Shared.Return(old);
            _examined -= _inStart;
            _inStart = 0;
            _inEnd = length;
        }
    }
}
