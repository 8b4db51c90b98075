using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SeamlessReboot.DocTests;

/// <summary>A shell that is given one piece after the other, as somebody types them from a document.</summary>
internal sealed class ShellSession : IAsyncDisposable
{
    private const string End = "@@@ end of piece";
    private readonly Process _shell;

    private ShellSession(Process shell) => _shell = shell;

    public static ShellSession Start(string directory, IReadOnlyDictionary<string, string?> environment)
    {
        ProcessStartInfo info = new("bash", ["--norc"]) { WorkingDirectory = directory, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string? value) in environment)
            info.Environment[name] = value;
        return new ShellSession(Process.Start(info)!);
    }

    /// <returns>What it has printed, on both outputs, and its exit code.</returns>
    public async Task<(string Output, int ExitCode)> RunAsync(string piece, CancellationToken cancellationToken)
    {
        // In braces, so that the shell has read all of it before it begins.
        await _shell.StandardInput.WriteLineAsync($"{{\n{piece}\n}} 2>&1 < /dev/null\necho \"{End} $?\"".AsMemory(), cancellationToken);
        await _shell.StandardInput.FlushAsync(cancellationToken);
        StringBuilder output = new();
        while (await _shell.StandardOutput.ReadLineAsync(cancellationToken) is string line)
        {
            if (line.StartsWith(End, StringComparison.Ordinal))
                return (output.ToString(), int.Parse(line.AsSpan(End.Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture));
            output.AppendLine(line);
        }

        throw new InvalidOperationException($"The shell has ended after: {output}");
    }

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }
}
