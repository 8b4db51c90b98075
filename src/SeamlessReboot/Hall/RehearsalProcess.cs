using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>The process of a rehearsal, seen from outside.</summary>
internal sealed class RehearsalProcess : IDisposable
{
    private const int LongestWords = 2000;
    private static readonly TimeSpan _afterExit = TimeSpan.FromSeconds(1);
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private string? _greeting;
    private RehearsalMessage? _message;

    private RehearsalProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, ReadLine), ReadAsync(process.StandardError, ReadError));
    }

    /// <summary>What it says in Start; null before.</summary>
    internal string? Greeting
    {
        get
        {
            lock (_lock)
                return _greeting;
        }
    }

    /// <summary>What it says at its end; null when it does not.</summary>
    internal RehearsalMessage? Message
    {
        get
        {
            lock (_lock)
                return _message;
        }
    }

    /// <summary>The last it said on its standard error.</summary>
    internal string Errors
    {
        get
        {
            lock (_lock)
                return _errors.ToString();
        }
    }

    internal int ExitCode => _process.ExitCode;

    /// <exception cref="IOException">It cannot be started.</exception>
    internal static RehearsalProcess Start(ExecPlan plan, string mode)
    {
        ProcessStartInfo info = InfoOf(plan, mode);
        Process? process = null;
        Exception? failure = null;
        // On a thread that ends at once: from the network that it enters there is no way back.
        Thread starting = new(() =>
        {
            try
            {
                if (NetworkNamespace.TryEnter() && mode == RehearsalStage.UntilReady)
                    info.Environment[RehearsalStage.Variable] = RehearsalStage.UntilReadyAlone;
                process = Process.Start(info)!;
            }
            catch (Win32Exception e)
            {
                failure = new IOException($"The new release cannot be started: {e.Message}", e);
            }
#pragma warning disable CA1031 // thrown by who waits
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        })
        { IsBackground = true, Name = "SeamlessReboot rehearsal" };
        starting.Start();
        starting.Join();
        return process is null ? throw failure! : new RehearsalProcess(process);
    }

    /// <summary>Gives it the state, while it starts. Its input stays open for as long as this process cares for it.</summary>
    internal void Give(SafeFileHandle? state)
    {
        if (state is null)
            _process.StandardInput.Close();
        else
            RebootRun.OnThread(() => Write(state));
    }

    /// <returns>False when it is still there after the limit; then it is ended.</returns>
    internal bool WaitForExit(TimeSpan limit, CancellationToken cancellationToken)
    {
        using CancellationTokenSource overdue = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        overdue.CancelAfter(limit);
        try
        {
            _process.WaitForExitAsync(overdue.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            Kill();
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }

        _reading.Wait(_afterExit, CancellationToken.None); // a grandchild that lives on keeps the pipes open
        return true;
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static ProcessStartInfo InfoOf(ExecPlan plan, string mode)
    {
        ProcessStartInfo info = new()
        {
            FileName = Path.Combine(plan.Directory, plan.Path),
            WorkingDirectory = Directory.Exists(plan.Directory) ? plan.Directory : "", // where this process is, as the exec will do
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (byte[] argument in plan.Arguments.Skip(1))
            info.ArgumentList.Add(Encoding.UTF8.GetString(argument));
        info.Environment.Clear();
        foreach (byte[] variable in plan.EnvironmentWith(RehearsalStage.Variable, mode))
        {
            string text = Encoding.UTF8.GetString(variable);
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                info.Environment[text[..equals]] = text[(equals + 1)..];
        }

        // No supervisor is to hear of it, and no diagnostics socket is to be bound.
        foreach (string name in (ReadOnlySpan<string>)["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE"])
            info.Environment.Remove(name);
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        return info;
    }

    private void Write(SafeFileHandle state)
    {
        Stream input = _process.StandardInput.BaseStream;
        byte[] buffer = new byte[64 * 1024];
        try
        {
            long length = RandomAccess.GetLength(state), given = 0;
            input.Write(BitConverter.GetBytes(length));
            while (given < length && RandomAccess.Read(state, buffer, given) is int count and > 0)
            {
                input.Write(buffer.AsSpan(0, count));
                given += count;
            }

            input.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It has ended; why, it says itself.
        }
    }

    private void Kill()
    {
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended by itself, or cannot be: nothing is lost by that.
        }
    }

    private static async Task ReadAsync(StreamReader reader, Action<string> take)
    {
        try
        {
            while (await reader.ReadLineAsync().ConfigureAwait(false) is string line)
                take(line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // What was read counts.
        }
    }

    private void ReadLine(string line)
    {
        lock (_lock)
        {
            if (line.StartsWith(RehearsalStage.Greeting, StringComparison.Ordinal))
                _greeting = line;
            else
                _message ??= RehearsalMessage.Decode(line);
        }
    }

    private void ReadError(string line)
    {
        lock (_lock)
        {
            _errors.Append(line).Append('\n');
            if (_errors.Length > 2 * LongestWords)
                _errors.Remove(0, _errors.Length - LongestWords);
        }
    }
}
