namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>
/// Stops every reboot of a server in the moment between exec and start, for a test to do something there. The server's
/// command is a script that says it is there through one pipe and waits for the word to go on from another.
/// </summary>
internal sealed class Gap
{
    private readonly string _here;
    private readonly string _goOn;

    private Gap(string here, string goOn, string script)
    {
        _here = here;
        _goOn = goOn;
        Script = script;
    }

    /// <summary>What the server has to be rebooted into.</summary>
    public string Script { get; }

    public static async Task<Gap> CreateAsync(Workspace workspace, IEnumerable<string> serverArguments, string name = "gap")
    {
        string here = workspace.File(name + ".here"), goOn = workspace.File(name + ".go");
        await Shell.RunAsync("mkfifo", here, goOn);
        string script = workspace.Write(name + ".sh", $"""
            #!/bin/sh
            if [ -n "$SEAMLESSREBOOT_INHERITANCE" ]; then
                echo here > {here}
                read word < {goOn}
            fi
            exec dotnet '{Builds.Server}' {string.Join(' ', serverArguments)}

            """, executable: true);
        return new Gap(here, goOn, script);
    }

    /// <summary>Waits until the server is in the gap.</summary>
    public Task EnterAsync() => Task.Run(() => File.ReadAllText(_here)).WaitAsync(Limits.Wait);

    /// <summary>Lets it start.</summary>
    public Task LeaveAsync() => Task.Run(() => File.WriteAllText(_goOn, "go\n")).WaitAsync(Limits.Wait);

    /// <summary>Reboots the server, and does something on the way.</summary>
    public async Task RebootAsync(ServerProcess server, Func<Task> meanwhile)
    {
        int next = server.Ready.Generation + 1;
        server.Send(Signal.Hup);
        await EnterAsync();
        await meanwhile();
        await LeaveAsync();
        await server.ReadyAsync(next);
    }
}
