using System.Buffers;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

public sealed partial class SessionConnection
{
    private readonly ConnectionWriter _writer;
    private byte[] _out = [];
    private int _outStart;
    private int _outEnd;
    private bool _failed; // the client has gone: what is written is dropped
    private bool _awaitingSend;
    private long _sendWait;
    private TaskCompletionSource? _room;

    private int Queued => _outEnd - _outStart;

    private bool MustWait => _flow == Flow.Running && Queued > _options.OutputLimit && !_failed && !_closing;

    /// <summary>
    /// Writes bytes to the client. Completes when they are sent or kept; waits while more than
    /// <see cref="SessionConnectionOptions.OutputLimit"/> bytes are unsent, but never for a reboot: then the bytes are kept.
    /// </summary>
    /// <param name="bytes">The bytes; they are copied if need be.</param>
    /// <param name="cancellationToken">Ends the waiting. Bytes that were taken are sent all the same.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            Accept(bytes.Span);
            return MustWait ? WaitForRoomAsync(cancellationToken) : ValueTask.CompletedTask;
        }
    }

    /// <summary>
    /// Writes text, in <see cref="SessionConnectionOptions.Encoding"/>; as
    /// <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/> otherwise.
    /// </summary>
    /// <param name="text">The text, with its line ends.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask WriteAsync(string text, CancellationToken cancellationToken = default) =>
        WriteAsync(_options.Encoding.GetBytes(text), cancellationToken);

    /// <summary>
    /// Writes without waiting, for output that a slow client must not hold up: what one player says to all others. Never blocks.
    /// </summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>
    /// False, and nothing written, when <see cref="SessionConnectionOptions.OutputLimit"/> bytes have piled up: because the client
    /// does not read, or since <see cref="Capture"/>. With <see cref="SessionConnectionOptions.CloseAtLimits"/> a client that does not read is
    /// disconnected then.
    /// </returns>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            bool isFull = Queued > 0 && Queued + bytes.Length > _options.OutputLimit;
            if (isFull && _flow != Flow.Suspended && !_failed && !_closing)
            {
                if (_options.CloseAtLimits && _flow == Flow.Running)
                    Dispose();
                return false;
            }

            Accept(bytes);
            return true;
        }
    }

    /// <summary>
    /// Writes text without waiting, in <see cref="SessionConnectionOptions.Encoding"/>; as <see cref="TryWrite(ReadOnlySpan{byte})"/> otherwise.
    /// </summary>
    /// <param name="text">The text, with its line ends.</param>
    /// <returns>See <see cref="TryWrite(ReadOnlySpan{byte})"/>.</returns>
    public bool TryWrite(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryWrite(_options.Encoding.GetBytes(text));
    }

    private async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (!MustWait)
                    return;
                room = (_room ??= NewSource()).Task;
            }

            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // Straight to the socket if nothing waits before it; the rest into the queue.
    private void Accept(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || _failed || _closing)
            return;
        if (_flow != Flow.Captured && Queued == 0 && OperatingSystem.IsLinux())
            bytes = bytes[Send(bytes)..];
        if (bytes.IsEmpty || _failed)
            return;
        Append(bytes);
        if (_options.CloseAtLimits && _flow == Flow.Running && Queued > _options.OutputLimit)
            Dispose();
        AwaitSend();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_out.Length - _outEnd < bytes.Length)
        {
            byte[] old = _out;
            int queued = Queued;
            bool isLent = _flow == Flow.Captured; // a snapshot points into it
            if (isLent || queued + bytes.Length > old.Length / 2)
                _out = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, checked(2 * (queued + bytes.Length))));
            old.AsSpan(_outStart, queued).CopyTo(_out);
            if (old != _out && old.Length > 0 && !isLent)
                ArrayPool<byte>.Shared.Return(old);
            _outStart = 0;
            _outEnd = queued;
        }

        bytes.CopyTo(_out.AsSpan(_outEnd));
        _outEnd += bytes.Length;
    }

    /// <summary>Sends as much as the kernel takes; returns how much that is.</summary>
    private int Send(ReadOnlySpan<byte> bytes)
    {
        int sent = 0;
        while (sent < bytes.Length)
        {
            int count = SocketBytes.Send(Socket, bytes[sent..]);
            if (count >= 0)
            {
                sent += count;
                continue;
            }

            if (count == -2)
                Fail();
            break;
        }

        return sent;
    }

    private void SendQueued()
    {
        if (_flow == Flow.Captured || _closed)
            return;
        if (Queued > 0 && OperatingSystem.IsLinux())
            Remove(Send(_out.AsSpan(_outStart, Queued)));
        AwaitSend();
    }

    private void Remove(int count)
    {
        _outStart = Math.Min(_outStart + count, _outEnd);
        if (Queued <= _options.OutputLimit / 2)
            ReleaseRoom();
        if (Queued > 0)
            return;
        if (_out.Length > 0)
            ArrayPool<byte>.Shared.Return(_out);
        _out = [];
        _outStart = _outEnd = 0;
        CloseIfDone();
    }

    private void Fail()
    {
        _failed = true;
        Remove(Queued);
    }

    private void AwaitSend()
    {
        if (Queued == 0 || _awaitingSend || _flow == Flow.Captured || _closed)
            return;
        _awaitingSend = true;
        if (!OperatingSystem.IsLinux())
        {
            _ = SendPortablyAsync(_out.AsSpan(_outStart, Queued).ToArray());
            return;
        }

        try
        {
            _sendWait = WriteReadiness.Shared.Wait(Socket.SafeHandle, OnWritable);
        }
        catch (ObjectDisposedException)
        {
            _awaitingSend = false; // somebody has closed our socket
            Fail();
        }
    }

    private void OnWritable()
    {
        lock (_gate)
        {
            _awaitingSend = false;
            SendQueued();
        }
    }

    private void CancelSendWait()
    {
        if (_awaitingSend && OperatingSystem.IsLinux())
            WriteReadiness.Shared.Cancel(Socket.SafeHandle, _sendWait);
    }

    // Where there is no reboot, nobody needs to know how far a send got.
    private async Task SendPortablyAsync(byte[] bytes)
    {
        bool failed = false;
        try
        {
            for (int sent = 0; sent < bytes.Length;)
                sent += await Socket.SendAsync(bytes.AsMemory(sent)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            failed = true;
        }

        lock (_gate)
        {
            _awaitingSend = false;
            if (failed)
                Fail();
            else
                Remove(bytes.Length);
            AwaitSend();
        }
    }

    private void ReleaseRoom()
    {
        _room?.TrySetResult();
        _room = null;
    }

    private ReadOnlyMemory<byte> Unsent()
    {
        ReadOnlyMemory<byte> queued = _out.AsMemory(_outStart, Queued), staged = _writer.Unflushed;
        return staged.IsEmpty ? queued : (byte[])[.. queued.Span, .. staged.Span];
    }
}
