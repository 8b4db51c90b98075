using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;
using SeamlessReboot.Angel.CommandLine;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// "run --daemon", in the command that the person typed: starts this program again, without a terminal and in a session of its own,
/// and waits for what it says of its server. The daemon opens its log itself, as the user that it becomes. Ends with 0 only when the server is ready; otherwise nothing is left behind.
/// </summary>
internal static class Detach
{
    private const int DaemonsPipe = 3;
    private const int Term = 15;

    /// <param name="options">What "run" was told.</param>
    /// <param name="output">For what a daemon that is ready says.</param>
    /// <param name="errors">For the server's last words when it is not.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(AngelOptions options, TextWriter output, TextWriter errors)
    {
        using SafeFileHandle pipe = Start(out int daemon);
        Task<string> telling = Task.Run(() => ReadToEnd(pipe));
        Task<int> ending = Task.Run(() => SpawnedProcess.Wait(daemon));
        TaskCompletionSource<string> interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<PosixSignalRegistration> signals = [];
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
            signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                interrupted.TrySetResult($"interrupted by {context.Signal}");
            }));
        try
        {
            Task overdue = Task.Delay(options.DaemonTimeout);
            Task first = await Task.WhenAny(telling, overdue, interrupted.Task).ConfigureAwait(false);
            if (first == telling)
                return await ReportAsync(StartResult.Parse(await telling.ConfigureAwait(false)), daemon, ending, options, output, errors).ConfigureAwait(false);
            string why = first == overdue ? $"the server was not ready within {Durations.Format(options.DaemonTimeout)} (--timeout)" : await interrupted.Task.ConfigureAwait(false);
            await errors.WriteLineAsync($"seamless-angel: {options.Name}: {why}; ending everything.").ConfigureAwait(false);
            await EndAsync(daemon, ending, options, byItself: TimeSpan.Zero).ConfigureAwait(false);
            if (StartResult.Parse(await telling.ConfigureAwait(false)) is { Text.Length: > 0, IsReady: false } last)
                await WriteWordsAsync(last.Text, errors).ConfigureAwait(false);
            await errors.WriteLineAsync($"seamless-angel: {options.Name}: ended; its log is '{options.LogFile}'.").ConfigureAwait(false);
            return ExitCodes.NotReady;
        }
        finally
        {
            signals.ForEach(s => s.Dispose());
        }
    }

    private static async Task<int> ReportAsync(
        StartResult? result, int daemon, Task<int> ending, AngelOptions options, TextWriter output, TextWriter errors)
    {
        if (result is { IsReady: true })
        {
            if (result.Text.Length > 0)
                await output.WriteLineAsync(result.Text.TrimEnd()).ConfigureAwait(false);
            return ExitCodes.Done;
        }

        // The result comes shortly before the end.
        await EndAsync(daemon, ending, options, byItself: TimeSpan.FromSeconds(2)).ConfigureAwait(false);
        if (result is null)
        {
            int code = await ending.ConfigureAwait(false);
            await errors.WriteLineAsync($"seamless-angel: {options.Name}: the angel itself ended, with {code}, before its server was ready; its log is '{options.LogFile}'.").ConfigureAwait(false);
            return code == 0 ? ExitCodes.SystemTrouble : code;
        }

        await WriteWordsAsync(result.Text, errors).ConfigureAwait(false);
        return result.ExitCode == 0 ? ExitCodes.NotReady : result.ExitCode;
    }

    private static Task WriteWordsAsync(string text, TextWriter errors) => errors.WriteLineAsync(text.TrimEnd());

    /// <summary>Asks the angel to end, which ends its server first; kills the whole session when that takes too long.</summary>
    private static async Task EndAsync(int daemon, Task<int> ending, AngelOptions options, TimeSpan byItself)
    {
        if (await Task.WhenAny(ending, Task.Delay(byItself)).ConfigureAwait(false) != ending)
        {
            _ = AngelLibc.Kill(daemon, Term);
            await Task.WhenAny(ending, Task.Delay(options.StopTimeout + TimeSpan.FromSeconds(5))).ConfigureAwait(false);
        }

        Session.KillAll(daemon);
        await ending.ConfigureAwait(false);
    }

    private static unsafe SafeFileHandle Start(out int daemon)
    {
        int* ends = stackalloc int[2];
        if (AngelLibc.Pipe(ends, 0x80000) != 0) // O_CLOEXEC
            throw SyscallException.Last("pipe2");
        SafeFileHandle reading = new(ends[0], true);
        int nothing = Syscall.open("/dev/null", OpenFlags.O_RDWR | OpenFlags.O_CLOEXEC);
        try
        {
            if (nothing < 0)
                throw SyscallException.Last("open(\"/dev/null\")");
            List<byte[]> environment = ProcessStart.Environment();
            byte[] prefix = Encoding.ASCII.GetBytes(StarterPipe.Variable + "=");
            environment.RemoveAll(v => v.AsSpan().StartsWith(prefix));
            environment.Add([.. prefix, .. Encoding.ASCII.GetBytes(StarterPipe.Describe(ends[1], DaemonsPipe))]);
            daemon = SpawnedProcess.StartInNewSession(Environment.ProcessPath!, ProcessStart.CommandLine(), environment, [nothing, nothing, nothing, ends[1]]);
            return reading;
        }
        catch (SyscallException e)
        {
            reading.Dispose();
            throw new AngelException(ExitCodes.SystemTrouble, $"the daemon cannot be started: {e.Message}.", e);
        }
        finally
        {
            Fd.Close(ends[1]);
            if (nothing >= 0)
                Fd.Close(nothing);
        }
    }

    private static string ReadToEnd(SafeFileHandle pipe)
    {
        using FileStream stream = new(pipe, FileAccess.Read, bufferSize: 0);
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
