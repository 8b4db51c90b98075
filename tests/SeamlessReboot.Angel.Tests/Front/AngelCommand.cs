using System.Diagnostics;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>The real program, run to its end or until the test is over; in a directory and with a runtime directory of the test's own.</summary>
internal sealed class AngelCommand : IAsyncDisposable
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _output, _errors;

    private AngelCommand(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    internal int Pid => _process.Id;

    /// <summary>Runs a command to its end.</summary>
    internal static async Task<CommandResult> RunAsync(TempDirectory directory, params string[] arguments)
    {
        await using AngelCommand command = Start(directory, arguments);
        return await command.EndAsync();
    }

    internal static AngelCommand Start(TempDirectory directory, params string[] arguments) => Start(directory, [], runtime: null, arguments);

    /// <param name="directory">The test's own.</param>
    /// <param name="runtime">RUNTIME_DIRECTORY.</param>
    /// <param name="arguments">The verb and what follows it.</param>
    internal static AngelCommand Start(TempDirectory directory, string? runtime, string[] arguments) => Start(directory, [], runtime, arguments);

    /// <param name="directory">The test's own.</param>
    /// <param name="wrapper">A program and its arguments that starts the angel; empty for none.</param>
    /// <param name="arguments">The verb and what follows it.</param>
    internal static AngelCommand StartUnder(TempDirectory directory, string[] wrapper, params string[] arguments) => Start(directory, wrapper, runtime: null, arguments);

    private static AngelCommand Start(TempDirectory directory, string[] wrapper, string? runtime, string[] arguments)
    {
        string[] command = [.. wrapper, "dotnet", Path.Combine(AppContext.BaseDirectory, "seamless-angel.dll"), .. arguments];
        ProcessStartInfo info = new(command[0], command[1..])
        {
            WorkingDirectory = directory.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["XDG_RUNTIME_DIR"] = directory.Path;
        info.Environment["TMPDIR"] = directory.Path;
        info.Environment["RUNTIME_DIRECTORY"] = runtime;
        return new AngelCommand(Process.Start(info)!);
    }

    internal async Task<CommandResult> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return new CommandResult(_process.ExitCode, await _output.WaitAsync(Limit), await _errors.WaitAsync(Limit));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().WaitAsync(Limit);
        _process.Dispose();
    }
}
