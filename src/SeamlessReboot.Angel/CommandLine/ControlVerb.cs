using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Discovery;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>The verbs that have an angel do something: reboot, checkpoint, stop, kill.</summary>
/// <param name="output">For what the angel says.</param>
/// <param name="whenNotRunning">The exit code when there is no such angel.</param>
internal sealed class ControlVerb(TextWriter output, int whenNotRunning)
{
    /// <summary>An angel whose server has ended has only to remove its files.</summary>
    private static readonly TimeSpan _angelsEnd = TimeSpan.FromSeconds(10);

    internal async Task<int> RunAsync(FoundAngel? angel, string notFound, string request, TimeSpan timeout)
    {
        if (angel is null || !angel.Runs)
        {
            string died = angel?.Pid is int dead ? $" (its last one, process {dead.ToString(System.Globalization.CultureInfo.InvariantCulture)}, was killed)" : "";
            throw new AngelException(whenNotRunning, $"{notFound}{died}.");
        }

        ControlAnswer answer = await ControlClient.AskAsync(Path.Combine(angel.Directory, RuntimeDirectory.ControlSocket), request, timeout).ConfigureAwait(false);
        if (!answer.Ok)
            throw new AngelException(ExitCodes.Refused, $"{angel.Name}: {Printable(answer.Message)}");
        if (request == "stop" && angel.Pid is int pid && !await ProcessEnd.WaitAsync(pid, _angelsEnd).ConfigureAwait(false))
            throw new AngelException(ExitCodes.NoAnswer, $"{angel.Name}: the server has ended, and the angel {pid.ToString(System.Globalization.CultureInfo.InvariantCulture)} is still there.");
        if (answer.Message.Length > 0)
            await output.WriteLineAsync($"{angel.Name}: {Printable(answer.Message)}").ConfigureAwait(false);
        return ExitCodes.Done;
    }

    private static string Printable(string text) => string.Join('\n', text.Split('\n').Select(StatusText.Printable));
}
