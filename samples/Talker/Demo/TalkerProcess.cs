using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Talker.Demo;

/// <summary>The talker of the demo: this program once more, as a process of its own, on data of its own.</summary>
internal sealed partial class TalkerProcess : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("talker-demo-");
    private readonly Process _process = new();
    private readonly List<string> _log = [];

    public TalkerProcess()
    {
        string program = Environment.ProcessPath!;
        ProcessStartInfo start = _process.StartInfo;
        start.FileName = program;
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        foreach (string argument in (string[])["--port", "0", "--data", Data, "--spool", Path.Combine(_directory.FullName, "spool")])
            start.ArgumentList.Add(argument);
        start.WorkingDirectory = _directory.FullName;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
    }

    public string Data => Path.Combine(_directory.FullName, "data");

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log)
                return [.. _log];
        }
    }

    /// <returns>The port that it listens on.</returns>
    public async Task<int> StartAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<int> open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is not null && PortPattern().Match(e.Data) is { Success: true } match)
                open.TrySetResult(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        };
        _process.ErrorDataReceived += (_, e) =>
        {
            lock (_log)
                if (e.Data is not null)
                    _log.Add(e.Data);
        };
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => open.TrySetException(new InvalidOperationException("The talker has ended before it was open."));
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return await open.Task.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It was never started, or has ended.
        }

        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    [GeneratedRegex(@"open on port (\d+)\.")]
    private static partial Regex PortPattern();
}
