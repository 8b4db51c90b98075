using System.Globalization;
using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Discovery;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>"status": asks the angel, and where there is none looks at what it has left.</summary>
internal sealed class StatusVerb(TextWriter output, TextWriter errors)
{
    /// <returns>Of several, the highest exit code.</returns>
    internal async Task<int> RunAsync(IReadOnlyList<FoundAngel> angels, TimeSpan timeout, bool json)
    {
        if (angels.Count == 0)
        {
            await output.WriteLineAsync("not running").ConfigureAwait(false);
            return ExitCodes.NotRunningStatus;
        }

        int worst = ExitCodes.Done;
        foreach (FoundAngel angel in angels)
        {
            int code = angel.Runs ? await AskAsync(angel, timeout, json).ConfigureAwait(false) : await DescribeRemainsAsync(angel).ConfigureAwait(false);
            worst = Math.Max(worst, code);
        }

        return worst;
    }

    private async Task<int> AskAsync(FoundAngel angel, TimeSpan timeout, bool json)
    {
        string answer;
        AngelStatus status;
        try
        {
            answer = await ControlClient.ExchangeAsync(Path.Combine(angel.Directory, RuntimeDirectory.ControlSocket), "status", timeout).ConfigureAwait(false);
            status = ControlClient.ReadStatus(answer);
        }
        catch (AngelException e)
        {
            await errors.WriteLineAsync($"seamless-angel: {angel.Name}: process {Pid(angel)} holds the lock in '{angel.Directory}', but {e.Message}").ConfigureAwait(false);
            return ExitCodes.UnknownStatus;
        }

        if (json)
            await output.WriteLineAsync(answer).ConfigureAwait(false);
        else
            StatusText.Write(angel.Name, status, TimeProvider.System.GetUtcNow(), output);
        return status.ChildPid is not null ? ExitCodes.Done : ExitCodes.NotRunningStatus;
    }

    private async Task<int> DescribeRemainsAsync(FoundAngel angel)
    {
        if (angel.Lock is { Exists: true, Readable: false })
        {
            await errors.WriteLineAsync($"seamless-angel: {angel.Name}: this user may not read the lock in '{angel.Directory}'. Ask as its owner, or as root.").ConfigureAwait(false);
            return ExitCodes.UnknownStatus;
        }

        if (angel.Lock.Exists)
        {
            await output.WriteLineAsync($"{angel.Name}: not running; the angel {Pid(angel)} was killed. Its server may still be running, without a supervisor: end it before the next \"run\".").ConfigureAwait(false);
            return ExitCodes.DeadWithPidFile;
        }

        bool remains = File.Exists(Path.Combine(angel.Directory, RuntimeDirectory.ControlSocket));
        await output.WriteLineAsync($"{angel.Name}: not running{(remains ? $"; sockets of an angel that was killed are left in '{angel.Directory}'" : "")}").ConfigureAwait(false);
        return remains ? ExitCodes.DeadWithLock : ExitCodes.NotRunningStatus;
    }

    private static string Pid(FoundAngel angel) => angel.Pid?.ToString(CultureInfo.InvariantCulture) ?? "?";
}
